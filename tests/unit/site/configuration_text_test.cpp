#include "shunt/site/configuration_text.hpp"

#include <gmock/gmock.h>

#include <bit>

#include "configuration_fixture.hpp"
#include "support/sanitized.hpp"

namespace shunt::site {
namespace {

using config::Given;
using testing::HasSubstr;
using testing::Not;

// What may be on a machine, each a bit.
constexpr unsigned kLlamaCpp = 1;
constexpr unsigned kVllm = 2;
constexpr unsigned kOllama = 4;
constexpr unsigned kIdle = 8;  // programs that make no model yet
constexpr unsigned kWhisper = 16;
constexpr unsigned kPiper = 32;
constexpr unsigned kEspeak = 64;
constexpr unsigned kFfmpeg = 128;
constexpr unsigned kCombinations = 256;

Found found_of(unsigned bits) {
  Found found;
  const auto serves = [&](unsigned bit, FoundServer server) {
    if ((bits & bit) != 0) found.servers.push_back(std::move(server));
  };
  const auto has = [&](unsigned bit, FoundProgram program) {
    if ((bits & bit) != 0) found.programs.push_back(std::move(program));
  };
  serves(kLlamaCpp, {ServerKind::kLlamaCpp, "http://127.0.0.1:8080/v1", {"/m/tiny.gguf"}});
  serves(kVllm, {ServerKind::kVllm, "http://127.0.0.1:8000/v1", {"Qwen/Qwen2.5-7B-Instruct"}});
  serves(kOllama,
         {ServerKind::kOllama, "http://127.0.0.1:11434/v1", {"llama3.2:latest", "nomic-embed-text"}});
  has(kIdle, {ProgramKind::kLlamaServer, "/usr/bin/llama-server", ""});
  has(kIdle, {ProgramKind::kOllama, "/usr/bin/ollama", ""});
  has(kIdle, {ProgramKind::kVllm, "/opt/venv/bin/vllm", ""});
  has(kWhisper, {ProgramKind::kWhisper, "/opt/w/whisper-cli", "/opt/w/ggml-a.bin"});
  has(kPiper | kIdle, {ProgramKind::kPiper, "/usr/bin/piper", (bits & kPiper) != 0 ? "/srv/v/a.onnx" : ""});
  has(kEspeak, {ProgramKind::kEspeak, "/usr/bin/espeak-ng", ""});
  has(kFfmpeg, {ProgramKind::kFfmpeg, "/usr/bin/ffmpeg", ""});
  return found;
}

ConfigurationPlan plan_of(const Found& found) {
  ConfigurationPlan plan;
  plan.models = propose_models(found);
  plan.waiting = programs_that_wait(found);
  return plan;
}

TEST(ConfigurationText, is_read_whatever_was_found) {
  for (unsigned bits = 0; bits < kCombinations; ++bits) {
    // A sanitizer takes forty times as long: pairs are enough for it.
    if (kSanitized && std::popcount(bits) > 2 && bits != kCombinations - 1) continue;
    const ConfigurationPlan plan = plan_of(found_of(bits));
    const auto loaded = Given(configuration_text(plan)).load();
    ASSERT_TRUE(loaded.ok()) << bits << ": " << loaded.error().message << configuration_text(plan);
    ASSERT_EQ(loaded->configuration.models.size(), plan.models.size()) << bits;
    for (std::size_t i = 0; i < plan.models.size(); ++i)
      ASSERT_EQ(loaded->configuration.models[i].model.name, plan.models[i].name) << bits;
    ASSERT_EQ(loaded->configuration.default_model, plan.models.front().name);
  }
}

TEST(ConfigurationText, takes_an_address_with_a_key_and_a_queue) {
  for (const bool key : {false, true}) {
    for (const bool queue : {false, true}) {
      ConfigurationPlan plan = plan_of({});
      plan.listen = key ? "0.0.0.0:9000" : "[::1]:9000";
      if (key) plan.key_sha256 = std::string(64, 'a');
      if (queue) plan.redis_url = "redis://10.0.0.5:6379/1";
      const auto loaded = Given(configuration_text(plan)).loaded();
      EXPECT_EQ(loaded.configuration.server.port, 9000);
      EXPECT_EQ(loaded.configuration.server.keys.size(), key ? 1U : 0U);
      EXPECT_EQ(loaded.configuration.queue_enabled, queue);
      if (queue) {
        EXPECT_EQ(loaded.configuration.queue.redis_url, plan.redis_url);
      }
    }
  }
}

TEST(ConfigurationText, says_of_a_model_what_was_found) {
  const auto loaded = Given(configuration_text(plan_of(found_of(kOllama)))).loaded();
  const auto& chat = std::get<OpenAiOptions>(loaded.configuration.models[0].driver);
  EXPECT_EQ(chat.base_url, "http://127.0.0.1:11434/v1");
  EXPECT_EQ(chat.model, "llama3.2:latest");
  const auto& embeddings = std::get<OpenAiOptions>(loaded.configuration.models[1].driver);
  EXPECT_EQ(embeddings.operation, OpenAiOperation::kEmbeddings);
}

TEST(ConfigurationText, lets_no_foreign_name_out_of_its_quotes) {
  for (const std::string hostile : {"\"\n[server]\nlisten = \"0.0.0.0:1\"", "\\", "a\tb", "\x7f", "'''",
                                    "\"\"\"", "# x", "@NAME@", "{input.prompt}", "{", "}}", "\u00e9"}) {
    ConfigurationPlan plan = plan_of(found_of(kWhisper));
    plan.models[0].weights = "/opt/" + hostile;
    plan.models[0].path = "/opt/bin/" + hostile;
    ProposedModel server;
    server.name = "chat";
    server.use = ModelUse::kChat;
    server.base_url = "http://127.0.0.1:1/v1";
    server.upstream_model = hostile;
    plan.models.push_back(server);
    const auto loaded = Given(configuration_text(plan)).loaded();
    EXPECT_EQ(loaded.configuration.server.address, "127.0.0.1") << hostile;
    ASSERT_EQ(loaded.configuration.models.size(), 2U) << hostile;
    EXPECT_EQ(std::get<OpenAiOptions>(loaded.configuration.models[1].driver).model, hostile);
  }
}

TEST(ConfigurationText, tells_how_what_waits_becomes_a_model) {
  const std::string text = configuration_text(plan_of(found_of(kIdle)));
  for (const char* program : {"llama-server", "ollama", "vllm", "piper"})
    EXPECT_THAT(text, HasSubstr("# " + std::string(program) + " is here (")) << program;
  EXPECT_THAT(configuration_text(plan_of({})), Not(HasSubstr(" is here (")));
}

TEST(ConfigurationText, confines_programs_of_the_system_alone) {
  const auto loaded = Given(configuration_text(plan_of(found_of(kWhisper | kFfmpeg)))).loaded();
  ASSERT_EQ(loaded.configuration.models.size(), 2U);
  const auto& whisper = std::get<CommandOptions>(loaded.configuration.models[0].driver);
  EXPECT_EQ(whisper.confine, CommandOptions::Confine::kAuto);
  const auto& ffmpeg = std::get<CommandOptions>(loaded.configuration.models[1].driver);
  EXPECT_EQ(ffmpeg.confine, CommandOptions::Confine::kFiles);
}

TEST(ConfigurationText, names_a_program_by_its_place_where_a_service_would_not_find_it) {
  ConfigurationPlan plan = plan_of(found_of(kEspeak));
  const auto usual = Given(configuration_text(plan)).loaded();
  EXPECT_EQ(std::get<CommandOptions>(usual.configuration.models[0].driver).argv[0], "espeak-ng");
  plan.models[0].path = "/opt/speech/espeak-ng";
  const auto elsewhere = Given(configuration_text(plan)).loaded();
  const auto& speech = std::get<CommandOptions>(elsewhere.configuration.models[0].driver);
  EXPECT_EQ(speech.argv[0], "/opt/speech/espeak-ng");
  EXPECT_EQ(speech.confine, CommandOptions::Confine::kAuto);
}

TEST(UnitText, starts_this_binary_with_this_configuration) {
  const std::string unit = unit_text("/opt/my shunt/bin/shunt", "/etc/100%/shunt.toml");
  EXPECT_THAT(
      unit, HasSubstr("\nExecStart=\"/opt/my shunt/bin/shunt\" serve --config \"/etc/100%%/shunt.toml\"\n"));
  EXPECT_THAT(
      unit,
      HasSubstr("\nExecStartPost=-\"/opt/my shunt/bin/shunt\" health --config \"/etc/100%%/shunt.toml\" "
                "--wait 20s\n"))
      << "it waits for the service that it starts";
  EXPECT_THAT(unit, HasSubstr("\nRestart=always\n"));
  EXPECT_THAT(unit, Not(HasSubstr("/usr/local/bin/shunt")));
}

}  // namespace
}  // namespace shunt::site

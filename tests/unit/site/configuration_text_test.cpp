#include "shunt/site/configuration_text.hpp"

#include <gmock/gmock.h>

#include "configuration_fixture.hpp"

namespace shunt::site {
namespace {

using config::Given;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kServers = 3;
constexpr std::size_t kPrograms = 7;

// One bit for each thing that there may be on a machine.
Found found_of(unsigned bits) {
  const std::array<FoundServer, kServers> servers{
      {{ServerKind::kLlamaCpp, "http://127.0.0.1:8080/v1", {"/m/tiny.gguf"}},
       {ServerKind::kVllm, "http://127.0.0.1:8000/v1", {"Qwen/Qwen2.5-7B-Instruct"}},
       {ServerKind::kOllama, "http://127.0.0.1:11434/v1", {"llama3.2:latest", "nomic-embed-text"}}}};
  const std::array<FoundProgram, kPrograms> programs{
      {{ProgramKind::kLlamaServer, "/usr/bin/llama-server", ""},
       {ProgramKind::kOllama, "/usr/bin/ollama", ""},
       {ProgramKind::kVllm, "/opt/venv/bin/vllm", ""},
       {ProgramKind::kWhisper, "/opt/w/whisper-cli", "/opt/w/ggml-a.bin"},
       {ProgramKind::kPiper, "/usr/bin/piper", ""},
       {ProgramKind::kEspeak, "/usr/bin/espeak-ng", ""},
       {ProgramKind::kFfmpeg, "/usr/bin/ffmpeg", ""}}};
  Found found;
  for (std::size_t i = 0; i < kServers; ++i) {
    if ((bits >> i & 1U) != 0) found.servers.push_back(servers.at(i));
  }
  for (std::size_t i = 0; i < kPrograms; ++i) {
    if ((bits >> (kServers + i) & 1U) != 0) found.programs.push_back(programs.at(i));
  }
  return found;
}

ConfigurationPlan plan_of(const Found& found) {
  ConfigurationPlan plan;
  plan.models = propose_models(found);
  plan.waiting = programs_that_wait(found);
  return plan;
}

TEST(ConfigurationText, is_read_whatever_was_found) {
  for (unsigned bits = 0; bits < (1U << (kServers + kPrograms)); ++bits) {
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
  const auto loaded = Given(configuration_text(plan_of(found_of(0b100)))).loaded();
  const auto& chat = std::get<OpenAiOptions>(loaded.configuration.models[0].driver);
  EXPECT_EQ(chat.base_url, "http://127.0.0.1:11434/v1");
  EXPECT_EQ(chat.model, "llama3.2:latest");
  const auto& embeddings = std::get<OpenAiOptions>(loaded.configuration.models[1].driver);
  EXPECT_EQ(embeddings.operation, OpenAiOperation::kEmbeddings);
}

TEST(ConfigurationText, lets_no_foreign_name_out_of_its_quotes) {
  for (const std::string hostile : {"\"\n[server]\nlisten = \"0.0.0.0:1\"", "\\", "a\tb", "\x7f", "'''",
                                    "\"\"\"", "# x", "@NAME@", "{input.prompt}", "{", "}}", "\u00e9"}) {
    ConfigurationPlan plan = plan_of(found_of(1U << (kServers + 3)));
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
  const std::string text = configuration_text(plan_of(found_of(0b1010000U << kServers >> 2U | 0b1000)));
  EXPECT_THAT(text, HasSubstr("# llama-server is here"));
  EXPECT_THAT(configuration_text(plan_of({})), Not(HasSubstr(" is here (")));
}

TEST(ConfigurationText, confines_programs_of_the_system_alone) {
  const auto loaded = Given(configuration_text(plan_of(found_of(0b1001000U << kServers)))).loaded();
  ASSERT_EQ(loaded.configuration.models.size(), 2U);
  const auto& whisper = std::get<CommandOptions>(loaded.configuration.models[0].driver);
  EXPECT_EQ(whisper.confine, CommandOptions::Confine::kAuto);
  const auto& ffmpeg = std::get<CommandOptions>(loaded.configuration.models[1].driver);
  EXPECT_EQ(ffmpeg.confine, CommandOptions::Confine::kFiles);
}

TEST(ConfigurationText, names_a_program_by_its_place_where_a_service_would_not_find_it) {
  ConfigurationPlan plan = plan_of(found_of(0b0100000U << kServers));
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
  EXPECT_THAT(unit, HasSubstr("\nRestart=always\n"));
  EXPECT_THAT(unit, Not(HasSubstr("/usr/local/bin/shunt serve")));
}

}  // namespace
}  // namespace shunt::site

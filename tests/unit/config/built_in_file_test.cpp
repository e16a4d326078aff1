#include <gmock/gmock.h>

#include <regex>
#include <sstream>

#include "configuration_fixture.hpp"

namespace shunt::config {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

const Model& model_named(const Loaded& loaded, std::string_view name) {
  for (const ModelConfig& each : loaded.configuration.models) {
    if (each.model.name == name) return each.model;
  }
  throw std::runtime_error("no model " + std::string(name));
}

TEST(BuiltInFile, is_the_one_in_the_source_tree) {
  EXPECT_EQ(built_in_file(), text_of(SHUNT_SOURCE_DIR "/config/shunt.toml"));
}

TEST(BuiltInFile, changes_no_setting_of_the_service) {
  const Loaded loaded = Given(std::string(built_in_file())).loaded();
  for (const Explained& each : loaded.explained) {
    if (each.name.starts_with("models.")) continue;
    EXPECT_EQ(each.source, "default") << each.name;
  }
  EXPECT_EQ(loaded.configuration.server.address, "127.0.0.1");
  EXPECT_EQ(loaded.configuration.server.port, 8080);
  EXPECT_EQ(loaded.configuration.default_model, "speech");
  EXPECT_FALSE(loaded.configuration.queue_enabled);
}

TEST(BuiltInFile, speaks_with_espeak_and_lets_no_text_become_an_option) {
  const Loaded loaded = Given(std::string(built_in_file())).loaded();
  const Model& model = model_named(loaded, "speech");
  EXPECT_EQ(model.text_field, "text");
  EXPECT_THAT(model.produces, ElementsAre("audio/wav"));
  EXPECT_EQ(model.concurrency, 4U);
  const auto& options = std::get<CommandOptions>(loaded.configuration.models.front().driver);
  EXPECT_THAT(options.argv,
              ElementsAre("espeak-ng", "-w", "{output_file}", "-v", "{input.voice}", "--stdin"));
  EXPECT_EQ(options.confine, CommandOptions::Confine::kFiles);
  EXPECT_FALSE(options.stderr_to_caller);
  EXPECT_THAT(options.defaults, ElementsAre(Pair("voice", "en")));
  EXPECT_EQ(options.input, CommandOptions::InputMode::kStdinText);
  EXPECT_EQ(options.output, CommandOptions::OutputMode::kArtifact);
  EXPECT_EQ(options.artifact_name, "audio.wav");
  EXPECT_EQ(options.artifact_media_type, "audio/wav");
}

TEST(BuiltInFile, says_what_a_voice_and_a_text_may_be) {
  const Loaded loaded = Given(std::string(built_in_file())).loaded();
  const InputRules rules = InputRules::compile(loaded.configuration.models.front().input_rules).value();
  const auto takes = [&](const char* member, const std::string& value) {
    JsonObject input{{"text", "x"}};
    input[member] = value;
    return rules.check(input).ok();
  };
  for (const char* voice : {"en", "de", "en-us", "en-gb-x-rp", "fr+f3", "cmn-latn-pinyin",
                            "chr-US-Qaaa-x-west", "en+Annie", "de+klatt4", "mb-en1", "yue", "en-029"}) {
    EXPECT_TRUE(takes("voice", voice)) << voice;
  }
  for (const char* voice : {"../../../../../etc/passwd", "/etc/passwd", "gmw/en", "..", ".", "", "-w", "en ",
                            "en\n", "en\n/etc", "en+../x", "en+", "!v", "en;id", "\u0435n"}) {
    EXPECT_FALSE(takes("voice", voice)) << voice;
  }
  for (const char* text : {"-w /tmp/x", "and/or", ".", "\u4f60\u597d", " a\n"})
    EXPECT_TRUE(takes("text", text)) << text;
  for (const char* text : {"", " ", "\n\t"}) EXPECT_FALSE(takes("text", text)) << text;
  EXPECT_FALSE(rules.check(JsonObject{}).ok());
}

TEST(BuiltInFile, has_a_simulator) {
  const Loaded loaded = Given(std::string(built_in_file())).loaded();
  EXPECT_EQ(model_named(loaded, "simulator").text_field, "prompt");
}

// What a reader gets who removes the # from every "# name = value", "# [table]" and "# [[table]]".
TEST(BuiltInFile, its_commented_lines_are_right_too) {
  const std::regex kCommented(R"((^|\n)# (\[+[a-z][^\n]*\]|[a-z0-9_]+ = [^\n]*))");
  std::string text(built_in_file());
  text = std::regex_replace(text, kCommented, "$1$2");
  const std::string hash(64, 'a');
  text = std::regex_replace(text, std::regex("sha256 = \"[^\"]*\""), "sha256 = \"" + hash + '"');
  const Loaded loaded = Given(text).loaded();
  EXPECT_EQ(loaded.configuration.models.size(), 4U);
  EXPECT_EQ(loaded.configuration.server.keys.size(), 1U);
  const Loaded defaults = Given(std::string(built_in_file())).loaded();
  for (const auto* name :
       {"server.listen", "server.max_body_bytes", "log.level", "log.format", "models.simulator.tokens",
        "models.simulator.first_token", "models.simulator.token_gap", "models.simulator.failure_rate"}) {
    EXPECT_NE(explained(loaded, name).source, "default") << name;
    EXPECT_EQ(explained(loaded, name).value, explained(defaults, name).value) << name;
  }
}

TEST(Reference, in_the_documentation_is_the_one_of_the_code) {
  EXPECT_EQ(text_of(SHUNT_SOURCE_DIR "/docs/configuration.md"), reference_markdown())
      << "run: shunt config reference > docs/configuration.md";
}

TEST(Reference, lists_every_setting_that_show_lists) {
  const std::string reference = reference_markdown();
  const Loaded loaded = Given(std::string(built_in_file())).loaded();
  for (const Explained& each : loaded.explained) {
    std::string name = each.name;
    for (const std::string prefix : {"models.speech.", "models.simulator."}) {
      if (name.starts_with(prefix)) name = name.substr(prefix.size());
    }
    // A rule's settings stand behind the member that it is for.
    const std::string rule = "input.";
    if (name.starts_with(rule)) name = name.substr(name.find('.', rule.size()) + 1);
    EXPECT_THAT(reference, testing::HasSubstr('`' + name)) << each.name;
  }
}

}  // namespace
}  // namespace shunt::config

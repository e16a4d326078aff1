#include <gmock/gmock.h>

#include "configuration_fixture.hpp"

namespace shunt::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ModelRules, have_rules_for_what_a_request_may_say) {
  const Loaded loaded = Given(R"([models.m]
driver = "simulator"
[models.m.input.voice]
type = "string"
required = true
pattern = "[a-z]+"
enum = ["en", "de"]
min_length = 1
max_length = 32
allow_leading_dash = true
allow_slash = true
allow_nul = true
[models.m.input."odd.name"]
type = "integer"
minimum = -5
maximum = 1.5
)")
                            .flag("models.m.input.voice.max_length", "16")
                            .loaded();
  const auto& rules = loaded.configuration.models.front().input_rules;
  ASSERT_EQ(rules.size(), 2U);
  const InputRule& voice = rules.at("voice");
  EXPECT_EQ(voice.type, InputRule::Type::kString);
  EXPECT_TRUE(voice.required && voice.allow_leading_dash && voice.allow_slash && voice.allow_nul);
  EXPECT_EQ(voice.pattern, "[a-z]+");
  EXPECT_THAT(voice.choices, ElementsAre("en", "de"));
  EXPECT_EQ(voice.min_length, 1U);
  EXPECT_EQ(voice.max_length, 16U) << "a flag is stronger";
  EXPECT_EQ(rules.at("odd.name").minimum, -5.0);
  EXPECT_EQ(rules.at("odd.name").maximum, 1.5);
  EXPECT_EQ(explained(loaded, "models.m.input.voice.pattern").value, "\"[a-z]+\"");
  EXPECT_EQ(explained(loaded, "models.m.input.\"odd.name\".type").value, "\"integer\"");
}

TEST(ModelRules, have_rules_within_rules_that_a_flag_can_change) {
  const Loaded loaded = Given(R"([models.m]
driver = "simulator"
[models.m.input.options]
type = "object"
[models.m.input.options.properties.voice]
type = "string"
max_length = 32
)")
                            .flag("models.m.input.options.properties.voice.max_length", "16")
                            .loaded();
  const auto& rules = loaded.configuration.models.front().input_rules;
  EXPECT_EQ(rules.at("options").properties.at("voice").max_length, 16U);
}

TEST(ModelRules, take_the_name_that_input_mode_had_before) {
  const std::string model = "[models.m]\ndriver = \"command\"\nargv = [\"ls\"]\n";
  const auto mode = [](const Loaded& loaded) {
    return std::get<CommandOptions>(loaded.configuration.models.front().driver).input;
  };
  EXPECT_EQ(mode(Given(model + "input = \"none\"\n").loaded()), CommandOptions::InputMode::kNone);
  EXPECT_EQ(mode(Given(model).flag("models.m.input", "file").loaded()), CommandOptions::InputMode::kFile);
  EXPECT_THAT(Given(model + "input = \"none\"\ninput_mode = \"file\"\n").mistakes(),
              HasSubstr("what was `input` is `input_mode` now"));
  EXPECT_THAT(Given(model + "input = \"none\"\n[models.m.input.voice]\nany = true\n").mistakes(),
              HasSubstr("input_mode = "));
}

TEST(ModelRules, need_rules_for_what_a_program_is_given) {
  const std::string model = "[models.m]\ndriver = \"command\"\nargv = [\"say\", \"-v\", \"{input.voice}\"]\n";
  EXPECT_THAT(
      Given(model).mistakes(),
      HasSubstr(
          "shunt.toml:3: models.m.argv cannot be used: argv element \"{input.voice}\": there is no rule"));
  EXPECT_TRUE(Given(model + "[models.m.input.voice]\nany = true\n").load().ok());
  const std::vector<std::pair<std::string, std::string>> kMistakes = {
      {"input.voice.pattern = \"x\"\n", "shunt.toml:4: models.m.input.voice.type is missing"},
      {"input.voice = { type = \"string\", pattern = \"[\" }\n",
       "models.m.input.voice.pattern is no pattern that RE2 takes: missing ]"},
      {"input.voice = { type = \"text\" }\n", "models.m.input.voice.type must be \"string\""},
      {"input.voice = { type = \"string\", minimum = 1 }\n", "models.m.input.voice.minimum is not for"},
      {"input.voice = { type = \"string\", max_lenght = 1 }\n", "did you mean \"max_length\"?"},
      {"input.voice = \"string\"\n", "models.m.input.voice must be a table"},
      {"defaults = { voice = \"../x\" }\ninput.voice = { type = \"string\" }\n",
       "shunt.toml:4: models.m.defaults cannot be used: the default of input.voice must not contain '/'"},
      {"output = \"artifact\"\nartifact_name = \"../x\"\ninput.voice.any = true\n",
       "models.m.artifact_name cannot"},
      {"artifact_media_type = \"wav\"\ninput.voice.any = true\n",
       "shunt.toml:4: models.m.artifact_media_type cannot be used: artifact_media_type must be a media type "
       "as in "
       "image/png, of at most 255 bytes; got \"wav\""},
      {"output = \"artifact\"\nartifact_media_type = \"audio/wav\\r\\nX-Evil: 1\"\ninput.voice.any = true\n",
       "shunt.toml:5: models.m.artifact_media_type cannot be used"},
      {"produces = [\"audio/wav\", \"wav\"]\ninput.voice.any = true\n",
       "shunt.toml:4: models.m.produces cannot be used: \"wav\" is no media type"},
      {"set_environment = { \"A=B\" = \"c\" }\ninput.voice.any = true\n",
       "shunt.toml:4: models.m.set_environment cannot be used"},
      {"read_paths = [\"here\"]\ninput.voice.any = true\n", "models.m.read_paths cannot be used"},
      {"confine = \"off\"\nread_paths = [\"/\"]\ninput.voice.any = true\n",
       "models.m.confine cannot be used"},
  };
  for (const auto& [lines, expected] : kMistakes) {
    EXPECT_THAT(Given(model + lines).mistakes(), HasSubstr(expected)) << lines;
  }
}

}  // namespace
}  // namespace shunt::config

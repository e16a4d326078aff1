#include <gmock/gmock.h>

#include "configuration_fixture.hpp"

namespace shunt::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(Models, have_every_common_setting) {
  const Loaded loaded = Given(R"([models."llama-3.1:8b"]
driver = "simulator"
description = "d"
concurrency = 3
max_waiting = 0
timeout = "5s"
stop_grace = "0s"
on_disconnect = "continue"
on_lost = "fail"
text_field = "prompt"
produces = ["audio/wav", "audio/ogg"]
[models."llama-3.1:8b".limits]
max_text_bytes = "1KiB"
max_artifact_bytes = 0
max_artifacts = 2
max_result_bytes = 5
max_events = 100
max_log_events = 6
)")
                            .loaded();
  ASSERT_EQ(loaded.configuration.models.size(), 1U);
  const Model& model = loaded.configuration.models.front().model;
  EXPECT_EQ(model.name, "llama-3.1:8b");
  EXPECT_EQ(model.driver, "simulator");
  EXPECT_EQ(model.description, "d");
  EXPECT_EQ(model.concurrency, 3U);
  EXPECT_EQ(model.max_waiting, 0U);
  EXPECT_EQ(model.timeout, 5s);
  EXPECT_EQ(model.stop_grace, 0s);
  EXPECT_EQ(model.on_disconnect, OnDisconnect::kContinue);
  EXPECT_EQ(model.on_lost, OnLost::kFail);
  EXPECT_EQ(model.text_field, "prompt");
  EXPECT_THAT(model.produces, ElementsAre("audio/wav", "audio/ogg"));
  EXPECT_EQ(model.output.max_text_bytes, 1024U);
  EXPECT_EQ(model.output.max_artifact_bytes, 0U);
  EXPECT_EQ(model.output.max_artifacts, 2U);
  EXPECT_EQ(model.output.max_result_bytes, 5U);
  EXPECT_EQ(model.output.max_events, 100U);
  EXPECT_EQ(model.output.max_log_events, 6U);
  EXPECT_EQ(explained(loaded, "models.\"llama-3.1:8b\".limits.max_events").value, "100");
}

const ServedCalls& calls_of(const Loaded& loaded) {
  return loaded.configuration.models.front().model.calls;
}

TEST(Models, answer_the_calls_that_their_table_names) {
  const Loaded loaded = Given(R"([models.m]
driver = "command"
argv = ["say"]
text_field = "text"
produces = ["audio/wav"]
[models.m.calls.speech]
input = "text"
voice = "speaker"
[models.m.calls.chat]
)")
                            .loaded();
  EXPECT_EQ(calls_of(loaded), (ServedCalls{{CallKind::kSpeech, {{{"input", "text"}, {"voice", "speaker"}}}},
                                           {CallKind::kChat, {}}}));
  EXPECT_EQ(explained(loaded, "models.m.calls.speech").value, R"({ input = "text", voice = "speaker" })");
}

TEST(Models, answer_what_they_can_where_no_call_is_named) {
  const ServedCalls text{{CallKind::kChat, {{{"prompt", "t"}}}},
                         {CallKind::kCompletions, {{{"prompt", "t"}}}}};
  const std::pair<const char*, ServedCalls> cases[] = {
      {R"(driver = "simulator"
text_field = "t")",
       text},
      {R"(driver = "command"
argv = ["x"]
text_field = "t"
produces = ["text/plain"])",
       text},
      {R"(driver = "command"
argv = ["x"]
text_field = "t"
produces = ["audio/wav"])",
       {{CallKind::kSpeech, {{{"input", "t"}}}}}},
      {R"(driver = "command"
argv = ["x"]
text_field = "t"
produces = ["image/png"])",
       {{CallKind::kImages, {{{"prompt", "t"}}}}}},
      {R"(driver = "command"
argv = ["x"])",
       {}},
      {R"(driver = "openai"
base_url = "http://127.0.0.1:1/v1"
model = "x"
text_field = "t")",
       {{CallKind::kChat, {}}}},
      {R"(driver = "openai"
base_url = "http://127.0.0.1:1/v1"
model = "x"
operation = "embeddings")",
       {{CallKind::kEmbeddings, {}}}},
  };
  for (const auto& [table, calls] : cases) {
    EXPECT_EQ(calls_of(Given(std::string("[models.m]\n") + table).loaded()), calls) << table;
  }
}

TEST(Models, of_the_command_driver_have_its_options) {
  const Loaded loaded = Given(R"([models.m]
driver = "command"
argv = ["say", "{input.text}"]
defaults = { voice = "en", rate = "5" }
input_mode = "file"
input_text_field = "words"
output = "artifact"
artifact_name = "a.png"
artifact_media_type = "image/png"
pass_environment = []
set_environment = { TOKEN = "hunter2" }
working_directory = "/tmp"
kill_after = "1s"
max_memory_bytes = "512MiB"
max_cpu = "2m"
max_output_bytes = "1MiB"
max_stderr_line_bytes = 100
confine = "files"
read_paths = ["/srv/models"]
write_paths = ["/srv/out"]
stderr_to_caller = true
input.text.any = true
)")
                            .loaded();
  const auto& options = std::get<CommandOptions>(loaded.configuration.models.front().driver);
  EXPECT_THAT(options.argv, ElementsAre("say", "{input.text}"));
  EXPECT_THAT(options.defaults, ElementsAre(Pair("rate", "5"), Pair("voice", "en")));
  EXPECT_EQ(options.input, CommandOptions::InputMode::kFile);
  EXPECT_EQ(options.input_text_field, "words");
  EXPECT_EQ(options.output, CommandOptions::OutputMode::kArtifact);
  EXPECT_EQ(options.artifact_name, "a.png");
  EXPECT_EQ(options.artifact_media_type, "image/png");
  EXPECT_TRUE(options.pass_environment.empty());
  EXPECT_THAT(options.set_environment, ElementsAre(Pair("TOKEN", "hunter2")));
  EXPECT_EQ(options.working_directory, "/tmp");
  EXPECT_EQ(options.kill_after, 1s);
  EXPECT_EQ(options.max_memory_bytes, std::size_t{512} << 20U);
  EXPECT_EQ(options.max_cpu, 120s);
  EXPECT_EQ(options.max_output_bytes, std::size_t{1} << 20U);
  EXPECT_EQ(options.max_stderr_line_bytes, 100U);
  EXPECT_EQ(options.confine, CommandOptions::Confine::kFiles);
  EXPECT_THAT(options.read_paths, ElementsAre("/srv/models"));
  EXPECT_THAT(options.write_paths, ElementsAre("/srv/out"));
  EXPECT_TRUE(options.stderr_to_caller);
  EXPECT_EQ(explained(loaded, "models.m.set_environment").value, "{ TOKEN = \"(set)\" }");
  EXPECT_EQ(explained(loaded, "models.m.argv").value, R"(["say", "{input.text}"])");
  EXPECT_EQ(explained(loaded, "models.m.max_cpu").value, "\"2m\"");
}

TEST(Models, of_programs_that_stay_have_their_options) {
  const Loaded loaded = Given(R"([models.m]
driver = "command"
argv = ["serve", "{model}"]
keep = 3
ready_timeout = "2m"
cancel_grace = "1s"
recycle_after = 100
recycle_memory_bytes = "1GiB"
max_line_bytes = "64KiB"
)")
                            .loaded();
  const auto& options = std::get<CommandOptions>(loaded.configuration.models.front().driver);
  EXPECT_EQ(options.keep, 3U);
  EXPECT_EQ(options.ready_timeout, 2min);
  EXPECT_EQ(options.cancel_grace, 1s);
  EXPECT_EQ(options.recycle_after, 100U);
  EXPECT_EQ(options.recycle_memory_bytes, std::size_t{1} << 30U);
  EXPECT_EQ(options.max_line_bytes, std::size_t{64} << 10U);
  EXPECT_EQ(loaded.configuration.models.front().model.concurrency, 3U) << "as many as there are programs";
}

TEST(Models, run_no_more_at_once_than_programs_stay) {
  const std::string model = "[models.m]\ndriver = \"command\"\nargv = [\"ls\"]\nkeep = 2\n";
  EXPECT_EQ(Given(model + "concurrency = 1\n").loaded().configuration.models.front().model.concurrency, 1U);
  EXPECT_EQ(Given(model).flag("models.m.keep", "5").loaded().configuration.models.front().model.concurrency,
            5U);
  EXPECT_THAT(Given(model + "concurrency = 3\n").mistakes(),
              HasSubstr("shunt.toml:5: models.m.concurrency cannot be used: 3 generations cannot run at once "
                        "in the 2 programs of keep"));
}

TEST(Models, have_rules_for_what_a_request_may_say) {
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

TEST(Models, have_rules_within_rules_that_a_flag_can_change) {
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

TEST(Models, take_the_name_that_input_mode_had_before) {
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

TEST(Models, are_not_run_twice_by_a_shadow_where_they_are_billed_once) {
  const std::string model = "[models.m]\ndriver = \"simulator\"\non_lost = \"fail\"\n";
  EXPECT_THAT(Given(model + "shadow = \"real\"\n").mistakes(),
              HasSubstr("shunt.toml:4: models.m.shadow cannot be used: \"real\" runs copies"));
  EXPECT_TRUE(Given(model + "shadow = \"stub\"\n").load().ok());
  EXPECT_TRUE(Given(model).load().ok());
}

TEST(Models, need_rules_for_what_a_program_is_given) {
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

TEST(Models, have_headers_that_can_be_sent) {
  const std::string model =
      "[models.m]\ndriver = \"openai\"\nbase_url = \"http://127.0.0.1:8000/v1\"\nmodel = \"smol\"\n";
  const std::vector<std::pair<std::string, std::string>> kMistakes = {
      {"headers = { X-Title = \"a\\r\\nX-Evil: 1\" }\n", "shunt.toml:5: models.m.headers cannot be used"},
      {"headers = { \"X Title\" = \"a\" }\n", "models.m.headers cannot be used"},
      {"headers = { Host = \"a\" }\n", "models.m.headers cannot be used"},
      {"headers_env = { \"X:\" = \"TITLE\" }\n", "models.m.headers_env cannot be used"},
      {"headers_file = { \"\" = \"/run/secrets/title\" }\n", "models.m.headers_file cannot be used"},
      {"headers = { X-Title = \"a\" }\nheaders_env = { x-title = \"TITLE\" }\n",
       "models.m.headers_env cannot be used"},
      {"api_key_env = \"KEY\"\napi_key_header = \"api key\"\n", "models.m.api_key_header cannot be used"},
  };
  for (const auto& [lines, expected] : kMistakes) {
    EXPECT_THAT(Given(model + lines).mistakes(), HasSubstr(expected)) << lines;
  }
  EXPECT_TRUE(Given(model + "headers = { X-Title = \"a\" }\n").load().ok());
}

TEST(Models, of_the_openai_driver_have_its_options) {
  const Loaded loaded = Given(R"([models.m]
driver = "openai"
base_url = "http://me:hunter2@127.0.0.1:8000/v1"
model = "smol"
api_key_env = "KEY"
api_key_header = "api-key"
headers = { X-Title = "mine", Authorization = "Bearer hunter2" }
headers_env = { X-Team = "TEAM_KEY" }
headers_file = { X-File = "/run/secrets/file" }
query = { api-version = "2024-10-21" }
include_usage = false
proxy = "http://proxy:3128"
connect_timeout = "1s"
first_byte_timeout = "2s"
idle_timeout = "3s"
max_retries = 0
retry_backoff = "4ms"
max_retry_after = "0s"
max_loading_wait = "6s"
max_response_bytes = 5
error_excerpt_bytes = 0
)")
                            .loaded();
  const auto& options = std::get<OpenAiOptions>(loaded.configuration.models.front().driver);
  EXPECT_EQ(options.base_url, "http://me:hunter2@127.0.0.1:8000/v1");
  EXPECT_EQ(options.model, "smol");
  EXPECT_EQ(options.api_key_env, "KEY");
  EXPECT_EQ(options.api_key_header, "api-key");
  EXPECT_EQ(options.headers.at("X-Title"), "mine");
  EXPECT_EQ(options.headers_env.at("X-Team"), "TEAM_KEY");
  EXPECT_EQ(options.headers_file.at("X-File"), "/run/secrets/file");
  EXPECT_EQ(options.query.at("api-version"), "2024-10-21");
  EXPECT_FALSE(options.include_usage);
  EXPECT_EQ(options.max_loading_wait, 6s);
  EXPECT_EQ(options.proxy, "http://proxy:3128");
  EXPECT_EQ(options.connect_timeout, 1s);
  EXPECT_EQ(options.first_byte_timeout, 2s);
  EXPECT_EQ(options.idle_timeout, 3s);
  EXPECT_EQ(options.max_retries, 0U);
  EXPECT_EQ(options.retry_backoff, 4ms);
  EXPECT_EQ(options.max_retry_after, 0s);
  EXPECT_EQ(options.max_response_bytes, 5U);
  EXPECT_EQ(options.error_excerpt_bytes, 0U);
  EXPECT_EQ(explained(loaded, "models.m.base_url").value, "\"http://me:***@127.0.0.1:8000/v1\"");
  EXPECT_EQ(explained(loaded, "models.m.headers").value,
            "{ Authorization = \"(set)\", X-Title = \"(set)\" }");
  EXPECT_EQ(explained(loaded, "models.m.headers_env").value, "{ X-Team = \"TEAM_KEY\" }");
  EXPECT_EQ(explained(loaded, "models.m.query").value, "{ api-version = \"(set)\" }");
}

TEST(Models, of_the_openai_driver_have_one_server_or_several) {
  const std::string servers = R"([models.m]
driver = "openai"
model = "smol"
sticky_field = "user"
breaker_failures = 7
breaker_open = "1s"
breaker_max_open = "2s"
[[models.m.upstreams]]
base_url = "http://me:hunter2@10.0.0.1:8000/v1"
name = "gpu-1"
api_key_env = "KEY_1"
headers_env = { X-Team = "TEAM_KEY" }
[[models.m.upstreams]]
base_url = "http://10.0.0.2:8000/v1"
model = "smol-fp8"
weight = 0
)";
  const Loaded loaded = Given(servers).flag("models.m.upstreams[0].weight", "3").loaded();
  const auto& options = std::get<OpenAiOptions>(loaded.configuration.models.front().driver);
  ASSERT_EQ(options.upstreams.size(), 2U);
  EXPECT_EQ(options.upstreams[0].name, "gpu-1");
  EXPECT_EQ(options.upstreams[0].weight, 3U);
  EXPECT_EQ(options.upstreams[1].model, "smol-fp8");
  EXPECT_EQ(options.upstreams[1].weight, 0U);
  EXPECT_EQ(options.sticky_field, "user");
  EXPECT_EQ(options.breaker_failures, 7U);
  EXPECT_EQ(options.breaker_open, 1s);
  EXPECT_EQ(options.breaker_max_open, 2s);
  EXPECT_EQ(explained(loaded, "models.m.upstreams[0].base_url").value, "\"http://me:***@10.0.0.1:8000/v1\"");
  EXPECT_THAT(loaded.secret_variables, ::testing::IsSupersetOf({"KEY_1", "TEAM_KEY"}));

  const std::string model = "[models.m]\ndriver = \"openai\"\nmodel = \"smol\"\n";
  const std::string one = "[[models.m.upstreams]]\nbase_url = \"http://10.0.0.1/v1\"\n";
  const std::vector<std::pair<std::string, std::string>> kMistakes = {
      {model, "models.m.base_url is missing"},
      {model + "upstreams = 5\n", "models.m.upstreams must be [[models.m.upstreams]] tables"},
      {model + "upstreams = []\n", "models.m.upstreams must be [[models.m.upstreams]] tables"},
      {model + "upstreams = [1]\n", "models.m.upstreams[0] must be a table; got 1"},
      {model + "[[models.m.upstreams]]\nweight = 1\n", "models.m.upstreams[0].base_url is missing"},
      {model + one + "wieght = 1\n",
       "models.m.upstreams[0].wieght is not a setting; did you mean \"weight\"?"},
      {model + one + "weight = 2000\n",
       "models.m.upstreams[0].weight must be a whole number, from 0 to 1000"},
      {model + one + "headers = { Host = \"a\" }\n", "upstreams[0].headers must not contain Host"},
      {model + "base_url = \"http://10.0.0.9/v1\"\n" + one, "models.m.base_url cannot be used"},
      {model + "upstream = 5\n", "did you mean \"upstreams\"?"},
      {"[models.m]\ndriver = \"simulator\"\nupstreams = []\n", "models.m.upstreams is not a setting"},
  };
  for (const auto& [text, expected] : kMistakes) {
    EXPECT_THAT(Given(text).mistakes(), HasSubstr(expected)) << text;
  }
}

TEST(Models, of_the_simulator_have_its_options) {
  const Loaded loaded = Given(R"([models.m]
driver = "simulator"
tokens = 1
first_token = "2ms"
token_gap = "0s"
spread = 1
failure_rate = 0.25
result_bytes = "1KiB"
max_tokens = 7
max_result_bytes = "2KiB"
)")
                            .loaded();
  const auto& options = std::get<SimulatorOptions>(loaded.configuration.models.front().driver);
  EXPECT_EQ(options.tokens, 1U);
  EXPECT_EQ(options.first_token, 2ms);
  EXPECT_EQ(options.token_gap, 0s);
  EXPECT_EQ(options.spread, 1.0);
  EXPECT_EQ(options.failure_rate, 0.25);
  EXPECT_EQ(options.result_bytes, 1024U);
  EXPECT_EQ(options.max_tokens, 7U);
  EXPECT_EQ(options.max_result_bytes, 2048U);
}

TEST(Models, come_in_the_order_of_the_file) {
  const Loaded loaded =
      Given("[models.z]\ndriver = \"simulator\"\n[models.a]\ndriver = \"simulator\"\n").loaded();
  ASSERT_EQ(loaded.configuration.models.size(), 2U);
  EXPECT_EQ(loaded.configuration.models[0].model.name, "z");
  EXPECT_EQ(loaded.configuration.default_model, "z") << "no speech: the first one";
  EXPECT_EQ(explained(loaded, "models.z.driver").value, "\"simulator\"");
}

TEST(Models, mistakes_are_named) {
  const std::vector<std::pair<std::string, std::string>> kMistakes = {
      {"models = 5\n", "shunt.toml:1: models must be [models.NAME] tables; got 5"},
      {"[models]\nm = \"x\"\n", "shunt.toml:2: models.m must be a table of the model's settings; got \"x\""},
      {"[models]\n", "there is no model"},
      {"[models.m]\n",
       "shunt.toml:1: models.m.driver is missing; it must be \"cog\", \"command\", \"openai\" or "
       "\"simulator\""},
      {"[models.m]\ndriver = 1\n",
       "models.m.driver must be \"cog\", \"command\", \"openai\" or \"simulator\"; got 1"},
      {"[models.m]\ndriver = \"comand\"\n", "got \"comand\"; did you mean \"command\"?"},
      {"[models.\"a b\"]\ndriver = \"simulator\"\n", "shunt.toml:1: a model's name is 1 to 128 of"},
      {"[models.m]\ndriver = \"simulator\"\n[models.m]\n", "shunt.toml:3: this is not valid TOML"},
      {"\n[models.m]\ndriver = \"command\"\n",
       "shunt.toml:2: models.m.argv is missing; it must be a list of texts"},
      {"[models.m]\ndriver = \"command\"\nargv = []\n",
       "models.m.argv must be a list of texts that is not empty"},
      {"[models.m]\ndriver = \"command\"\nargv = \"ls\"\n",
       "must be a list of texts that is not empty, as in "
       "[\"program\", \"argument\"]; got \"ls\""},
      {"[models.m]\ndriver = \"command\"\nargv = [\"ls\", 1]\n", "got [\"ls\", 1]"},
      {"[models.m]\ndriver = \"command\"\nargv = [\"ls\"]\ninput = \"stdin\"\n",
       "models.m.input_mode must be \"none\", \"stdin_json\", \"stdin_text\" or \"file\"; got \"stdin\""},
      {"[models.m]\ndriver = \"command\"\nargv = [\"ls\"]\nmax_cpu = \"1500ms\"\n",
       "models.m.max_cpu must be"},
      {"[models.m]\ndriver = \"command\"\nargv = [\"ls\"]\ndefaults = { rate = 5 }\n",
       "models.m.defaults must be a table of texts"},
      {"[models.m]\ndriver = \"command\"\nargv = [\"ls\", \"{id}\"]\nkeep = 1\n",
       "shunt.toml:3: models.m.argv cannot be used: argv cannot be used with keep: the program is started "
       "before there is a request, so no argument can have {id}"},
      {"[models.m]\ndriver = \"command\"\nargv = [\"ls\"]\nkeep = 1\noutput = \"json\"\n",
       "shunt.toml:5: models.m.output cannot be used"},
      {"[models.m]\ndriver = \"command\"\nargv = [\"ls\"]\nkeep = 1\nmax_cpu = \"5s\"\n",
       "shunt.toml:5: models.m.max_cpu cannot be used"},
      {"[models.m]\ndriver = \"command\"\nargv = [\"ls\"]\nkeep = 1025\n", "models.m.keep must be"},
      {"[models.m]\ndriver = \"command\"\nargv = [\"ls\"]\ntokens = 5\n",
       "shunt.toml:4: models.m.tokens is not a setting here, but of the driver \"simulator\""},
      {"[models.m]\ndriver = \"openai\"\nmodel = \"x\"\n", "models.m.base_url is missing"},
      {"[models.m]\ndriver = \"openai\"\nbase_url = \"http://x\"\nmodel = \"x\"\napi_key_env = "
       "\"A\"\napi_key_file = "
       "\"b\"\n",
       "models.m.api_key_env and api_key_file cannot both be given"},
      {"[models.m]\ndriver = \"simulator\"\nconcurency = 5\n", "did you mean \"concurrency\"?"},
      {"[models.m]\ndriver = \"simulator\"\nconcurrency = 0\n", "from 1 to 100000; got 0"},
      {"[models.m]\ndriver = \"simulator\"\nspread = nan\n", "from 0 to 1; got nan"},
      {"[models.m]\ndriver = \"simulator\"\non_disconnect = \"stop\"\n",
       "must be \"cancel\" or \"continue\""},
      {"[models.m]\ndriver = \"simulator\"\nlimits = 5\n", "models.m.limits must be a table; got 5"},
      {"[models.m]\ndriver = \"simulator\"\ninput.a = { type = \"array\", items = { type = \"strin\" } }\n",
       "shunt.toml:3: models.m.input.a.items.type must be"},
      {"[models.m]\ndriver = \"simulator\"\ninput.a = { type = \"array\", items = { pattern = \"a\" } }\n",
       "models.m.input.a.items.type is missing"},
      {"[models.m]\ndriver = \"simulator\"\ninput.a = { type = \"array\", item = { type = \"string\" } }\n",
       "did you mean \"items\"?"},
      {"[models.m]\ndriver = \"simulator\"\ninput.a = { type = \"object\", properties = 5 }\n",
       "models.m.input.a.properties must be a table of rules; got 5"},
      {"[models.m]\ndriver = \"simulator\"\ninput.a = { type = \"string\", default = 5 }\n",
       "models.m.input.a.default breaks the rule itself: input.a must be a string; got 5"},
      {"[models.m]\ndriver = \"simulator\"\ninput.a = { type = \"string\", default = 2026-11-28 }\n",
       "models.m.input.a.default must be a text, a number"},
      {"[models.m]\ndriver = \"simulator\"\ninput.a = { type = \"file\" }\n",
       "models.m.input.a.type \"file\" cannot be used: the simulator takes no files"},
      {"[models.m]\ndriver = \"openai\"\nbase_url = \"http://x/v1\"\nmodel = \"m\"\noperation = \"speech\"\n"
       "input.a = { type = \"file\" }\n",
       "models.m.input.a.type \"file\" cannot be used: the model's operation takes no files"},
      {"[models.m]\ndriver = \"command\"\nargv = [\"ls\"]\ninput.a = { type = \"file\", types = [\"png\"] "
       "}\n",
       "models.m.input.a.types must have media types"},
      {"[models.m]\ndriver = \"command\"\nargv = [\"ls\"]\ninput.a = { type = \"file\", urls = [\"http\"] "
       "}\n",
       "models.m.input.a.urls"},
      {"[files]\nfetch_addresses = [\"10.0.0.1/8\"]\n", "files.fetch_addresses"},
      {"[models.m]\ndriver = \"command\"\nargv = [\"ls\", \"{input.a}\"]\ninput.a = { type = \"array\" }\n",
       "input.a is no single value"},
  };
  for (const auto& [text, expected] : kMistakes)
    EXPECT_THAT(Given(text).mistakes(), HasSubstr(expected)) << text;
}

}  // namespace
}  // namespace shunt::config

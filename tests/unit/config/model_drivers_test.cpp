#include <gmock/gmock.h>

#include "configuration_fixture.hpp"

namespace shunt::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(ModelDrivers, of_the_command_driver_have_its_options) {
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

TEST(ModelDrivers, of_programs_that_stay_have_their_options) {
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

TEST(ModelDrivers, run_no_more_at_once_than_programs_stay) {
  const std::string model = "[models.m]\ndriver = \"command\"\nargv = [\"ls\"]\nkeep = 2\n";
  EXPECT_EQ(Given(model + "concurrency = 1\n").loaded().configuration.models.front().model.concurrency, 1U);
  EXPECT_EQ(Given(model).flag("models.m.keep", "5").loaded().configuration.models.front().model.concurrency,
            5U);
  EXPECT_THAT(Given(model + "concurrency = 3\n").mistakes(),
              HasSubstr("shunt.toml:5: models.m.concurrency cannot be used: 3 generations cannot run at once "
                        "in the 2 programs of keep"));
}

TEST(ModelDrivers, have_headers_that_can_be_sent) {
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

TEST(ModelDrivers, of_the_openai_driver_have_its_options) {
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
max_message_file_bytes = 7
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
  EXPECT_EQ(options.max_message_file_bytes, 7U);
  EXPECT_EQ(options.max_response_bytes, 5U);
  EXPECT_EQ(options.error_excerpt_bytes, 0U);
  EXPECT_EQ(explained(loaded, "models.m.base_url").value, "\"http://me:***@127.0.0.1:8000/v1\"");
  EXPECT_EQ(explained(loaded, "models.m.headers").value,
            "{ Authorization = \"(set)\", X-Title = \"(set)\" }");
  EXPECT_EQ(explained(loaded, "models.m.headers_env").value, "{ X-Team = \"TEAM_KEY\" }");
  EXPECT_EQ(explained(loaded, "models.m.query").value, "{ api-version = \"(set)\" }");
}

TEST(ModelDrivers, of_the_openai_driver_have_one_server_or_several) {
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

TEST(ModelDrivers, of_the_simulator_have_its_options) {
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

}  // namespace
}  // namespace shunt::config

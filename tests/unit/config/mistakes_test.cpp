#include <gmock/gmock.h>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "configuration_fixture.hpp"

namespace shunt::config {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Mistake {
  std::string text;  // of the file, before a model
  std::string expected;
};

TEST(Mistakes, of_a_worker_that_is_to_run_a_model_that_there_is_not_name_those_that_there_are) {
  EXPECT_THAT(
      Given("[queue]\nenabled = true\n[worker]\nmodels = [\"simulater\"]\n" + std::string(kOneModel))
          .mistakes(),
      StartsWith("shunt.toml:4: worker.models must be of the models (simulator); got \"simulater\"; did you "
                 "mean \"simulator\"?"));
}

TEST(Mistakes, in_a_file_are_named_with_line_value_and_what_is_allowed) {
  const std::string kText = std::string(kOneModel);
  const std::vector<Mistake> kMistakes = {
      {"\n\n[server\n", "shunt.toml:3: this is not valid TOML: "},
      {"[log]\nlevel = \"info\"\nlevel = \"warn\"\n", "shunt.toml:3: this is not valid TOML: "},
      {"[log]\nlevel = \"loud\"\n",
       "shunt.toml:2: log.level must be \"debug\", \"info\", \"warn\", \"error\" or \"off\"; got \"loud\""},
      {"[log]\nlevel = 3\n", "shunt.toml:2: log.level must be \"debug\", "},
      {"[server]\nlistn = \"x\"\n",
       "shunt.toml:2: server.listn is not a setting; did you mean \"server.listen\"?"},
      {"listen = \"x\"\n", "shunt.toml:1: listen is not a setting; did you mean \"server.listen\"?"},
      {"[sever]\nlisten = \"x\"\n", "shunt.toml:1: sever is not a setting; did you mean \"server\"?"},
      {"[log]\nunheard_of = 1\n", "shunt.toml:2: log.unheard_of is not a setting"},
      {"log = \"info\"\n", "shunt.toml:1: log must be a table; got \"info\""},
      {"[server]\nlisten = \"[::1\\u0000]:80\"\n",
       "shunt.toml:2: server.listen must be an IP address or localhost and a port"},
      {"[server]\nlisten = \"localhost\"\n",
       "shunt.toml:2: server.listen must be an IP address or localhost and a port"},
      {"[server]\nlisten = \"::1:8080\"\n", "shunt.toml:2: server.listen must be an IP address"},
      {"[server]\nlisten = \"example.org:80\"\n", "shunt.toml:2: server.listen must be an IP address"},
      {"[server]\nlisten = \"127.0.0.1:65536\"\n", "shunt.toml:2: server.listen must be an IP address"},
      {"[server]\nlisten = 8080\n", "server.listen must be an IP address or localhost and a port, as in "},
      {"[server]\nthreads = 257\n",
       "shunt.toml:2: server.threads must be a whole number, from 0 to 256 (0: one a core, at most 8); got "
       "257"},
      {"[server]\nthreads = -1\n",
       "must be a whole number, from 0 to 256 (0: one a core, at most 8); got -1"},
      {"[server]\nthreads = 1.5\n", "got 1.5"},
      {"[server]\nthreads = \"4\"\n", "got \"4\""},
      {"[server]\nmax_body_bytes = \"8 MB\"\n",
       "server.max_body_bytes must be a size like 512, \"64KiB\", \"8MiB\" or \"1GiB\", from 1 to 1GiB; got "
       "\"8 MB\""},
      {"[server]\nmax_body_bytes = 0\n", "from 1 to 1GiB; got 0"},
      {"[server]\nidle_timeout = 30\n",
       "server.idle_timeout must be a duration like \"250ms\", \"30s\", \"10m\", \"2h\" or \"7d\", from 10ms "
       "to 1d; got 30"},
      {"[server]\nidle_timeout = \"30 s\"\n", "got \"30 s\""},
      {"[server]\nidle_timeout = \"2d\"\n", "from 10ms to 1d; got \"2d\""},
      {"[server]\nallow_unauthenticated = \"yes\"\n", "server.allow_unauthenticated must be true or false"},
      {"[queue]\nenabled = 1\n", "queue.enabled must be true or false"},
      {"[shutdown]\ngrace = 1979-05-27\n", "got 1979-05-27"},
      {"[store]\nmax_bytes = [1]\n", "got [1]"},
      {"default_model = \"speach\"\n",
       "shunt.toml:1: default_model must be one of the models (simulator); got \"speach\""},
      {"default_model = \"simulater\"\n", "got \"simulater\"; did you mean \"simulator\"?"},
  };
  for (const Mistake& mistake : kMistakes) {
    EXPECT_THAT(Given(mistake.text + kText).mistakes(), HasSubstr(mistake.expected)) << mistake.text;
  }
}

TEST(Mistakes, in_a_variable_name_the_variable_and_the_setting) {
  EXPECT_EQ(
      Given(kOneModel).variable("QUEUE_ENABLED", "maybe").mistakes(),
      "environment QUEUE_ENABLED: queue.enabled must be true or false (an environment variable or a flag may "
      "also say 1, 0, yes, no, on or off); got \"maybe\"");
  EXPECT_THAT(Given(kOneModel).variable("SHUNT_SERVER_THREADS", "many").mistakes(),
              StartsWith("environment SHUNT_SERVER_THREADS: server.threads must be a whole number"));
  EXPECT_THAT(Given(kOneModel).variable("SHUNT_STORE_MAX_AGE", " 1h").mistakes(), HasSubstr("got \" 1h\""));
}

TEST(Mistakes, in_a_flag_name_the_flag) {
  EXPECT_THAT(Given(kOneModel).flag("server.listen", "nowhere").mistakes(),
              StartsWith("--listen: server.listen must be an IP address"));
  EXPECT_THAT(Given(kOneModel).flag("log.leve", "info").mistakes(),
              StartsWith("--set log.leve: log.leve is not a setting; did you mean \"log.level\"?"));
  EXPECT_THAT(
      Given(kOneModel).flag("models.simulator.tokns", "1").mistakes(),
      StartsWith(
          "--set models.simulator.tokns: models.simulator.tokns is not a setting; did you mean \"tokens\"?"));
  EXPECT_THAT(Given(kOneModel).flag("models.simulator.spread", "nan").mistakes(),
              HasSubstr("from 0 to 1; got \"nan\""));
}

TEST(Mistakes, are_all_found_in_one_go_also_as_data) {
  const auto result = Given("[log]\nlevel = 1\nformat = 2\n" + std::string(kOneModel))
                          .variable("QUEUE_ENABLED", "x")
                          .flag("default_model", "none")
                          .load();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "invalid_configuration");
  EXPECT_FALSE(result.error().is_retryable());
  const auto& problems = result.error().details.at("problems").as_array();
  ASSERT_EQ(problems.size(), 4U);
  EXPECT_EQ(problems[0].at("setting").as_string(), "log.level");
  EXPECT_THAT(std::string(problems[0].at("source").as_string()), testing::EndsWith("shunt.toml:2"));
  EXPECT_EQ(problems[2].at("source").as_string(), "environment QUEUE_ENABLED");
  EXPECT_EQ(problems[3].at("source").as_string(), "--set default_model");
}

TEST(Mistakes, files_in_a_bucket_are_no_larger_than_one_request_may_be) {
  const std::string bucket =
      "[artifacts.s3]\nbucket = \"box\"\nendpoint = \"http://localhost:9000\"\nregion = \"a\"\n";
  const std::string large = "[files]\nmax_bytes = \"6GiB\"\n";
  EXPECT_THAT(Given(bucket + large + std::string(kOneModel)).mistakes(),
              HasSubstr("files.max_bytes must be at most 5GiB where files lie in a bucket"));
  for (const std::string& text :
       {large + "directory = \"/shared\"\n" + bucket, large, bucket + "[files]\nmax_bytes = \"5GiB\"\n"}) {
    EXPECT_EQ(Given(text + std::string(kOneModel)).loaded().configuration.models.size(), 1U) << text;
  }
}

TEST(Mistakes, a_secret_is_not_quoted) {
  const std::string message = Given("[redis]\nurl = [\"hunter2\"]\n" + std::string(kOneModel)).mistakes();
  EXPECT_THAT(message, StartsWith("shunt.toml:2: redis.url must be a text"));
  EXPECT_THAT(message, Not(HasSubstr("hunter2")));
}

TEST(Mistakes, a_long_value_is_cut) {
  const std::string message =
      Given("[log]\nlevel = \"" + std::string(10'000, 'x') + "\"\n" + kOneModel).mistakes();
  EXPECT_THAT(message, HasSubstr("xxx..."));
  EXPECT_LT(message.size(), 250U);
}

TEST(Mistakes, a_file_without_models_says_what_to_add) {
  EXPECT_THAT(Given("[server]\n").mistakes(), HasSubstr("there is no model: add a [models.NAME] table"));
  EXPECT_THAT(Given("").mistakes(), HasSubstr("there is no model"));
}

}  // namespace
}  // namespace shunt::config

#include <gmock/gmock.h>

#include "configuration_fixture.hpp"

namespace shunt::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

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

TEST(Models, are_not_run_twice_by_a_shadow_where_they_are_billed_once) {
  const std::string model = "[models.m]\ndriver = \"simulator\"\non_lost = \"fail\"\n";
  EXPECT_THAT(Given(model + "shadow = \"real\"\n").mistakes(),
              HasSubstr("shunt.toml:4: models.m.shadow cannot be used: \"real\" runs copies"));
  EXPECT_TRUE(Given(model + "shadow = \"stub\"\n").load().ok());
  EXPECT_TRUE(Given(model).load().ok());
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

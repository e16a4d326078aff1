#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shunt/executor/sync_executor.hpp"
#include "shunt/generation/drivers/cog.hpp"
#include "shunt/generation/error_codes.hpp"
#include "support/child_server.hpp"
#include "support/eventually.hpp"
#include "support/executor_client.hpp"
#include "support/given_files.hpp"

namespace shunt::generation {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using ::testing::HasSubstr;

// The driver under the sync executor, against tests/support/cog_server.py. A model's name is the kind of
// container and its number.
class CogTest : public ::testing::Test {
 protected:
  CogTest() : server_({"/usr/bin/python3", SHUNT_TEST_SUPPORT "/cog_server.py"}) {}
  ~CogTest() override {
    if (executor_) client_.drain(0ms);
  }

  void given(const std::string& name, const std::function<void(CogOptions&)>& adjust = {}) {
    CogOptions options;
    options.base_url = "http://127.0.0.1:" + std::to_string(server_.port()) + '/' + name;
    options.retry_backoff = 1ms;
    options.max_retries = 0;
    if (adjust) adjust(options);
    Model model;
    model.name = name;
    model.generator = make_cog_generator(options, &files_).value();
    model.input_rules = InputRules::compile(rules_).value();
    model.on_lost = on_lost_;
    ASSERT_TRUE(models_.add(std::move(model)).ok());
  }
  testing::ExecutorClient& client() {
    if (!executor_) {
      executor_ = executor::make_sync_executor(models_, *store_, {});
      client_.use(*executor_);
    }
    return client_;
  }
  [[nodiscard]] GenerationId start(const std::string& model, JsonObject input = {}) {
    GenerationRequest request;
    request.model = model;
    request.input = std::move(input);
    return client().start(std::move(request));
  }
  GenerationRecord run(const std::string& model, JsonObject input = {}) {
    return client().wait_for_end(start(model, std::move(input)));
  }
  [[nodiscard]] Json seen(const std::string& name) const {
    return parse_json(server_.get("/control?name=" + name)).value();
  }

  EventLoopThreads loops_{1};
  testing::ChildServer server_;
  testing::GivenFiles files_;
  std::map<std::string, InputRule> rules_;  // likewise
  OnLost on_lost_ = OnLost::kRerun;         // of the models that are given next
  ModelRegistry models_;
  std::unique_ptr<GenerationStore> store_ = make_memory_store(system_clock(), {});
  std::unique_ptr<executor::GenerationExecutor> executor_;
  testing::ExecutorClient client_{loops_};
};

const JsonObject kSayHello{{"say", {"Hel", "lo"}}};

TEST_F(CogTest, StreamsWhereTheModelDoes) {
  given("streaming/1");
  JsonObject input = kSayHello;
  input["print"] = "one\ntwo\n";
  const auto events = client().events(start("streaming/1", input));
  std::vector<std::string> told;
  for (const GenerationEvent& event : events) {
    if (const auto* text = std::get_if<event::Delta>(&event.payload)) told.push_back(text->text);
    if (const auto* line = std::get_if<event::Log>(&event.payload)) told.push_back(line->message);
  }
  EXPECT_THAT(told, ::testing::ElementsAre("one", "two", "Hel", "lo"));
  EXPECT_EQ(events.back().type(), "succeeded");
}

TEST_F(CogTest, SendsAFileAsADataUrl) {
  rules_["image"].type = InputRule::Type::kFile;
  given("plain/1");
  GenerationRequest request;
  request.model = "plain/1";
  request.input = kSayHello;
  request.files = {{"image", files_.add("abcd", "image/png")}};
  const auto record = client().wait_for_end(client().start(std::move(request)));
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  EXPECT_EQ(to_json_text(seen("plain/1").at("inputs").as_array().back()),
            R"({"say":["Hel","lo"],"image":"data:image/png;base64,YWJjZA=="})");
}

TEST_F(CogTest, AsksOnceForAStreamOfAModelThatHasNone) {
  given("plain/1");
  for (int i = 0; i < 2; ++i) {
    const auto record = run("plain/1", kSayHello);
    ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
    EXPECT_EQ(record.text, "Hello");
    EXPECT_EQ(to_json_text(record.result), R"({"output":["Hel","lo"],"metrics":{"predict_time":0.1}})");
  }
  EXPECT_EQ(seen("plain/1").at("puts"), 3);
  EXPECT_EQ(seen("plain/1").at("runs"), 2);
}

TEST_F(CogTest, NamesThePredictionAsTheGeneration) {
  given("plain/1");
  const auto id = start("plain/1", kSayHello);
  (void)client().wait_for_end(id);
  EXPECT_EQ(seen("plain/1").at("ids").as_array().back().as_string(), id.to_string());
}

TEST_F(CogTest, BringsFilesAsArtifacts) {
  given("plain/1");
  given("streaming/1");
  for (const std::string model : {"plain/1", "streaming/1"}) {
    const auto record = run(model, {{"file", "image/png"}});
    ASSERT_EQ(record.state, GenerationState::kSucceeded);
    ASSERT_EQ(record.artifacts.size(), 1U);
    EXPECT_EQ(record.artifacts[0].name, "output-1.png");
    EXPECT_EQ(record.artifacts[0].size(), 256U);
    EXPECT_EQ(to_json_text(record.result.as_object().at("output")),
              R"({"picture":{"artifact":"output-1.png"},"seed":7})");
  }
}

TEST_F(CogTest, WaitsForTheSetupAndForASlot) {
  given("setup/1");
  given("busy/1");
  for (const std::string model : {"setup/1", "busy/1"}) {
    const auto record = run(model, kSayHello);
    EXPECT_EQ(record.state, GenerationState::kSucceeded) << (record.error ? record.error->message : "");
  }
}

TEST_F(CogTest, GivesUpWaitingAfterItsTime) {
  given("setup/1", [](CogOptions& options) { options.max_loading_wait = 0ms; });
  given("busy/1", [](CogOptions& options) { options.max_busy_wait = 0ms; });
  EXPECT_THAT(run("setup/1").error->message, HasSubstr("max_loading_wait"));
  const auto busy = run("busy/1");
  EXPECT_EQ(busy.error->code, error_code::kUpstreamRateLimited);
  EXPECT_TRUE(busy.error->is_retryable());
}

TEST_F(CogTest, GivesUpWaitingAlsoWhereTheContainerGoesBackAndForth) {
  given("flapping/1", [](CogOptions& options) {
    options.max_loading_wait = 300ms;
    options.max_busy_wait = 300ms;
    options.retry_backoff = 20ms;
  });
  const auto record = run("flapping/1");
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_THAT(record.error->message, HasSubstr("_wait)"));
}

// Another program before the container may have lost its answer, or the container is at it.
TEST_F(CogTest, IsNotAskedTwiceForWhatMayHaveBegunAndRunsOnce) {
  for (const std::string kind : {"lost_answer", "runs_already"}) {
    on_lost_ = OnLost::kRerun;
    given(kind + "/1");
    EXPECT_EQ(run(kind + "/1", kSayHello).state, GenerationState::kSucceeded) << kind;
    on_lost_ = OnLost::kFail;
    given(kind + "/2");
    const auto record = run(kind + "/2", kSayHello);
    ASSERT_EQ(record.state, GenerationState::kFailed) << kind;
    EXPECT_FALSE(record.error->is_retryable());
    EXPECT_EQ(record.error->details.at("on_lost"), "fail");
    EXPECT_EQ(seen(kind + "/1").at("puts"), 3) << kind;
    EXPECT_EQ(seen(kind + "/2").at("puts"), 2) << kind;
  }
  on_lost_ = OnLost::kFail;
  given("setup/2");
  given("busy/2");
  EXPECT_EQ(run("setup/2", kSayHello).state, GenerationState::kSucceeded);
  EXPECT_EQ(run("busy/2", kSayHello).state, GenerationState::kSucceeded);
}

TEST_F(CogTest, SaysWhatIsWrongWithTheContainer) {
  struct Case {
    std::string name;
    ErrorCode code;
    std::string word;
    JsonObject input{};
  };
  const std::vector<Case> cases = {
      {"setup_failed/1", error_code::kUpstreamFailed, "cannot run predictions"},
      {"defunct/1", error_code::kUpstreamFailed, "cannot run predictions"},
      {"odd_health/1", error_code::kUpstreamFailed, "cannot run predictions"},
      {"invalid/1", error_code::kUpstreamRejected, "422"},
      {"broken/1", error_code::kUpstreamFailed, "500"},
      {"garbage/1", error_code::kUpstreamBroken, "no prediction"},
      {"no_prediction/1", error_code::kUpstreamBroken, "no status"},
      {"bad_file/1", error_code::kUpstreamBroken, "data URL"},
      {"cut/1", error_code::kUpstreamBroken, "ended before it was complete"},
      {"plain/1", error_code::kGeneratorFailed, "it broke", {{"fail", "it broke"}}},
      {"streaming/1", error_code::kGeneratorFailed, "it broke", {{"fail", "it broke"}}},
      {"streaming/2", error_code::kUpstreamBroken, "ended before it was complete", {{"cut", true}}},
  };
  for (const Case& c : cases) given(c.name);
  for (const Case& c : cases) {
    const auto record = run(c.name, c.input);
    ASSERT_EQ(record.state, GenerationState::kFailed) << c.name;
    EXPECT_EQ(record.error->code, c.code) << c.name << record.error->message;
    EXPECT_THAT(record.error->message, HasSubstr(c.word)) << c.name;
  }
  EXPECT_EQ(run("setup_failed/1").error->details.at("setup_logs"), "no weights at /weights");
}

TEST_F(CogTest, SaysThatNobodyListens) {
  given("plain/1", [](CogOptions& options) { options.base_url = "http://127.0.0.1:1"; });
  EXPECT_EQ(run("plain/1").error->code, error_code::kUpstreamUnreachable);
}

TEST_F(CogTest, AsksAgainWhenTheConnectionBreaksUnlessNothingMayRunTwice) {
  const auto once_more = [](CogOptions& options) { options.max_retries = 1; };
  given("close_once/1", once_more);
  on_lost_ = OnLost::kFail;
  given("close_once/2", once_more);
  EXPECT_EQ(run("close_once/1", kSayHello).state, GenerationState::kSucceeded);
  EXPECT_EQ(run("close_once/2", kSayHello).error->code, error_code::kUpstreamBroken);
  EXPECT_EQ(seen("close_once/2").at("runs"), 0);
}

TEST_F(CogTest, CancelsThePrediction) {
  given("plain/1");
  given("streaming/1");
  for (const std::string model : {"plain/1", "streaming/1"}) {
    const auto id = start(model, {{"seconds", 60}});
    ASSERT_TRUE(eventually([&] { return seen(model).at("runs") == 1; }));
    (void)client().cancel(id, "enough");
    EXPECT_EQ(client().wait_for_end(id).state, GenerationState::kCancelled);
    EXPECT_EQ(seen(model).at("cancels"), 1) << model;
  }
}

TEST_F(CogTest, EndsAtItsDeadlineWhenTheContainerIsSilent) {
  given("hang/1");
  GenerationRequest request;
  request.model = "hang/1";
  request.options.timeout = 500ms;
  const auto record = client().wait_for_end(client().start(request));
  EXPECT_EQ(record.error->code, error_code::kDeadlineExceeded);
}

TEST_F(CogTest, BoundsTheAnswer) {
  given("plain/1", [](CogOptions& options) { options.max_response_bytes = 1000; });
  EXPECT_EQ(run("plain/1", {{"file", "image/png"}, {"repeat", 100}}).error->code,
            error_code::kOutputTooLarge);
}

TEST_F(CogTest, RefusesAnInputThatIsNoObject) {
  given("plain/1");
  EXPECT_EQ(models_.find("plain/1")->generator->check_input("text").error().code, error_code::kInvalidInput);
}

}  // namespace
}  // namespace shunt::generation

// Several servers a model. One process plays all of them: a server's `model` says how it behaves.
#include "openai_fixture.hpp"
#include "support/eventually.hpp"

namespace shunt::generation {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::OpenAiTest;

// Nobody listens there.
constexpr const char* kAbsent = "http://127.0.0.1:1/v1";

class OpenAiUpstreamsTest : public OpenAiTest {
 protected:
  OpenAiUpstream upstream(const std::string& mode, std::size_t weight = 1) {
    OpenAiUpstream made;
    made.base_url = mode == "absent" ? kAbsent : base_url();
    made.model = mode;
    made.weight = weight;
    made.name = "u" + std::to_string(named_++);
    return made;
  }
  // The first one is asked first, the others when that fails.
  void given_in_turn(const std::vector<std::string>& modes,
                     const std::function<void(OpenAiOptions&)>& adjust = {}) {
    std::vector<OpenAiUpstream> all;
    for (const std::string& mode : modes) all.push_back(upstream(mode, all.empty() ? 1 : 0));
    given(std::move(all), adjust);
  }
  void given(std::vector<OpenAiUpstream> all, const std::function<void(OpenAiOptions&)>& adjust = {}) {
    given_model("", [&](OpenAiOptions& options) {
      options.base_url.clear();
      options.upstreams = std::move(all);
      options.first_byte_timeout = options.idle_timeout = 1500ms;
      if (adjust) adjust(options);
    });
  }
  [[nodiscard]] std::vector<UpstreamStatus> status() {
    return upstreams_of(models_.find("m0")->generator.get());
  }

  std::size_t named_ = 0;
};

TEST_F(OpenAiUpstreamsTest, AskAnotherServerBeforeTheCallerHasAnything) {
  std::vector<std::string> modes;
  for (const std::string mode :
       {"absent", "reset", "close", "status?code=500", "status?code=503", "unauthorized",
        "rate_limited?times=99", "loading?times=99", "hang", "hang_after_head", "html", "error_json"}) {
    given_in_turn({mode, "ok"});
    modes.push_back(mode);
  }
  for (std::size_t model = 0; model < modes.size(); ++model) {
    const auto record = run(model);
    EXPECT_EQ(record.state, GenerationState::kSucceeded)
        << modes[model] << ": " << (record.error ? record.error->message : "");
    EXPECT_EQ(record.text, "Trains roll down the hump");
  }
}

TEST_F(OpenAiUpstreamsTest, SayWhichServerFailedAndWhichIsAskedInstead) {
  given_in_turn({"status?code=500", "ok"});
  const auto events = client().events(start());
  ASSERT_EQ(events.back().type(), "succeeded");
  const auto line = std::ranges::find(events, "log", &GenerationEvent::type);
  ASSERT_NE(line, events.end());
  EXPECT_THAT(std::get<event::Log>(line->payload).message, HasSubstr("the upstream u0 failed"));
  EXPECT_THAT(std::get<event::Log>(line->payload).message, HasSubstr("u1 is asked instead"));
}

TEST_F(OpenAiUpstreamsTest, NeverLeaveAServerWhoseAnswerHasBegun) {
  for (const std::string mode : {"half", "hang_mid", "reset_mid", "garbage"})
    given_in_turn({mode, "ok#never"});
  for (std::size_t model = 0; model < 4; ++model) {
    const auto record = run(model);
    EXPECT_EQ(record.state, GenerationState::kFailed) << model;
    EXPECT_THAT(record.text, HasSubstr("Trains")) << model;
  }
  EXPECT_EQ(calls("ok#never"), 0);
}

TEST_F(OpenAiUpstreamsTest, DoNotSpreadARequestThatEveryServerWouldRefuse) {
  given_in_turn({"invalid", "ok"});
  const auto record = run();
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kUpstreamRejected);
  EXPECT_EQ(record.error->details.at("upstream"), "u0");
  EXPECT_EQ(calls("ok"), 0);
}

TEST_F(OpenAiUpstreamsTest, RunNothingTwiceWhereThatIsForbidden) {
  on_lost_ = OnLost::kFail;
  const auto once = [](OpenAiOptions& options) { options.max_retries = 2; };
  const std::vector<std::string> begun = {"reset", "close", "status?code=500", "status?code=503",
                                          "hang",  "html",  "error_json"};
  for (const std::string& mode : begun) given_in_turn({mode, "ok#second"}, once);
  const std::vector<std::string> not_begun = {"absent", "rate_limited?times=99", "loading?times=99"};
  for (const std::string& mode : not_begun) given_in_turn({mode, "ok#elsewhere"}, once);
  for (std::size_t model = 0; model < begun.size(); ++model) {
    EXPECT_EQ(run(model).state, GenerationState::kFailed) << begun[model];
    EXPECT_EQ(calls(begun[model]), 1) << begun[model];
  }
  EXPECT_EQ(calls("ok#second"), 0);
  for (std::size_t i = 0; i < not_begun.size(); ++i) {
    EXPECT_EQ(run(begun.size() + i).state, GenerationState::kSucceeded) << not_begun[i];
  }
}

TEST_F(OpenAiUpstreamsTest, UseEachConnectionOnceWhereNothingMayRunTwice) {
  on_lost_ = OnLost::kFail;
  given({upstream("ok#a")});
  on_lost_ = OnLost::kRerun;
  given({upstream("ok#b")});
  for (int i = 0; i < 3; ++i) {
    (void)run(0);
    (void)run(1);
  }
  EXPECT_EQ(seen("ok#a").at("connections"), 3);
  EXPECT_EQ(seen("ok#b").at("connections"), 1);
}

TEST_F(OpenAiUpstreamsTest, LeaveOutAServerThatFailsAndTakeItBackWhenItIsWell) {
  given_in_turn({"status?code=500&times=3", "ok"}, [](OpenAiOptions& options) {
    options.breaker_failures = 3;
    // Longer than the other runs and the look at it take.
    options.breaker_open = 3s;
  });
  for (int i = 0; i < 8; ++i) EXPECT_EQ(run().state, GenerationState::kSucceeded);
  EXPECT_EQ(calls("status?code=500&times=3"), 3);
  EXPECT_EQ(status().at(0).state, "open");
  EXPECT_EQ(status().at(0).opened, 1U);
  EXPECT_TRUE(testing::eventually([&] { return status().at(0).state == "half_open"; }));
  EXPECT_EQ(run().state, GenerationState::kSucceeded);
  EXPECT_EQ(calls("status?code=500&times=3"), 4);
  EXPECT_EQ(status().at(0).state, "closed");
  EXPECT_EQ(status().at(0).good, 1U);
  EXPECT_EQ(status().at(0).bad, 3U);
}

TEST_F(OpenAiUpstreamsTest, SpareAServerForAsLongAsItsRetryAfterSays) {
  given_in_turn({"rate_limited?times=99&retry_after=30", "ok"});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run().state, GenerationState::kSucceeded);
  EXPECT_EQ(calls("rate_limited?times=99&retry_after=30"), 1);
  EXPECT_EQ(status().at(0).state, "resting");
}

TEST_F(OpenAiUpstreamsTest, AskAllOfThemAgainAfterAWaitWhenAllAreDown) {
  given_in_turn({"absent", "reset", "close"}, [](OpenAiOptions& options) { options.max_retries = 1; });
  const auto record = run();
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->details.at("attempts"), 6);
}

TEST_F(OpenAiUpstreamsTest, AskOneAllTheSameWhenAllAreLeftOut) {
  given_in_turn({"reset?times=1", "reset#b"}, [](OpenAiOptions& options) {
    options.breaker_failures = 1;
    options.breaker_open = 1h;
  });
  EXPECT_EQ(run().state, GenerationState::kFailed);
  EXPECT_EQ(status().at(0).state, "open");
  EXPECT_EQ(status().at(1).state, "open");
  // One of the two is asked; the first is well by now.
  EXPECT_TRUE(testing::eventually([&] { return run().state == GenerationState::kSucceeded; }));
}

TEST_F(OpenAiUpstreamsTest, SendEqualValuesOfAFieldToTheSameServer) {
  given({upstream("ok#1"), upstream("ok#2"), upstream("ok#3")},
        [](OpenAiOptions& options) { options.sticky_field = "user"; });
  GenerationRequest request;
  request.input = JsonObject{{"prompt", "Hi"}, {"user", "alice"}};
  for (int i = 0; i < 9; ++i) EXPECT_EQ(run(0, request).state, GenerationState::kSucceeded);
  std::vector<std::int64_t> counts{calls("ok#1"), calls("ok#2"), calls("ok#3")};
  std::ranges::sort(counts);
  EXPECT_THAT(counts, ::testing::ElementsAre(0, 0, 9));
}

TEST_F(OpenAiUpstreamsTest, ShowNoServerTheKeyOrTheHeadersOfAnother) {
  auto first = upstream("status?code=500");
  first.headers = {{"X-Team-Key", "secret-of-the-first"}};
  first.query = {{"api-version", "1"}};
  auto second = upstream("ok", 0);
  second.headers = {{"X-Other", "2"}};
  given({first, second});
  EXPECT_EQ(run().state, GenerationState::kSucceeded);
  const Json request = seen("ok").at("requests").as_array().at(0);
  EXPECT_EQ(request.at("target"), "/v1/chat/completions");
  EXPECT_EQ(request.at("headers").at("x-other"), "2");
  EXPECT_FALSE(request.at("headers").as_object().contains("x-team-key"));
}

TEST_F(OpenAiUpstreamsTest, CountWhatRunsAndLetGoOfItWhenItIsCancelled) {
  given({upstream("hang"), upstream("ok", 0)},
        [](OpenAiOptions& options) { options.first_byte_timeout = 1min; });
  const auto id = start();
  EXPECT_TRUE(testing::eventually([&] { return status().at(0).running == 1; }));
  (void)client().cancel(id, "enough");
  EXPECT_EQ(client().wait_for_end(id).state, GenerationState::kCancelled);
  EXPECT_TRUE(testing::eventually([&] { return status().at(0).running == 0; }));
  EXPECT_EQ(status().at(0).bad, 0U);
}

TEST(OpenAiUpstreams, NameTheFieldThatIsWrong) {
  OpenAiUpstream good;
  good.base_url = "http://127.0.0.1:8000/v1";
  good.model = "tiny";
  struct Case {
    std::function<void(OpenAiOptions&)> spoil;
    std::string field, word;
  };
  for (const Case& c :
       {Case{[](auto& o) { o.upstreams[1].base_url = "ftp://x"; }, "/upstreams/1/base_url",
             "upstreams[1].base_url"},
        Case{[](auto& o) { o.upstreams[1].name = "server-1"; }, "/upstreams/1/name", "earlier"},
        Case{[](auto& o) { o.upstreams[0].name = "a b"; }, "/upstreams/0/name", "at most 64"},
        Case{[](auto& o) { o.upstreams[0].weight = 5000; }, "/upstreams/0/weight", "1000"},
        Case{[](auto& o) { o.upstreams[0].model = ""; }, "/upstreams/0/model", "missing"},
        Case{[](auto& o) { o.upstreams[1].headers = {{"Host", "x"}}; }, "/upstreams/1/headers", "Host"},
        Case{[](auto& o) { o.upstreams[1].api_key_env = "SHUNT_NOT_SET"; }, "/upstreams/1/api_key_env",
             "not set"},
        Case{[](auto& o) { o.base_url = "http://a/v1"; }, "/base_url", "belongs to a server"},
        Case{[](auto& o) { o.api_key_env = "KEY"; }, "/api_key_env", "belongs to a server"},
        Case{[](auto& o) { o.upstreams.resize(65, o.upstreams[0]); }, "/upstreams", "64"}}) {
    OpenAiOptions options;
    options.upstreams = {good, good};
    options.upstreams[1].base_url = "http://127.0.0.1:8001/v1";
    ASSERT_TRUE(make_openai_generator(options).ok());
    c.spoil(options);
    const auto made = make_openai_generator(options);
    ASSERT_FALSE(made.ok()) << c.field;
    EXPECT_EQ(made.error().details.at("field").as_string(), c.field);
    EXPECT_THAT(made.error().message, HasSubstr(c.word));
  }
}

}  // namespace
}  // namespace shunt::generation

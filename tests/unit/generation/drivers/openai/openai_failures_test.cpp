#include "openai_fixture.hpp"

namespace shunt::generation {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::OpenAiTest;

// A port of this machine where nobody listens: bound, so that nobody else can.
class DeadPort {
 public:
  DeadPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1"; }

  // From now on connections hang: the queue of those that wait to be accepted is full.
  void hang() {
    EXPECT_EQ(listen(socket_.get(), 0), 0);
    for (int i = 0; i < 4; ++i) {
      callers_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(port_);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      (void)connect(callers_.back().get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
  }

 private:
  testing::OwnedDescriptor socket_;
  std::uint16_t port_ = 0;
  std::vector<testing::OwnedDescriptor> callers_;
};

std::string everything_in(const Error& error) {
  return error.message + to_json_text(error.details);
}

::testing::AssertionResult failed_with(const GenerationRecord& record, std::string_view code) {
  if (record.state != GenerationState::kFailed) {
    return ::testing::AssertionFailure() << "the generation " << to_string(record.state);
  }
  if (record.error->code == code) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << record.error->code.text() << ": " << record.error->message;
}

TEST_F(OpenAiTest, FailsWithUpstreamBrokenAfterHalfAStreamAndKeepsItsText) {
  const auto record = run_once("half");
  ASSERT_TRUE(failed_with(record, error_code::kUpstreamBroken));
  EXPECT_EQ(record.text, "Trains roll down");
  EXPECT_TRUE(record.error->is_retryable());
  EXPECT_EQ(record.error->details.at("status"), 200);
  EXPECT_EQ(record.error->details.at("attempts"), 1);
}

TEST_F(OpenAiTest, FailsWithUpstreamBrokenWithoutDoneOrFinishReason) {
  const auto record = run_once("no_done");
  ASSERT_TRUE(failed_with(record, error_code::kUpstreamBroken));
  EXPECT_THAT(record.error->message, HasSubstr("[DONE]"));
  EXPECT_EQ(record.text, "Trains roll down");
}

TEST_F(OpenAiTest, FailsWithUpstreamBrokenOnAResetInMidStream) {
  const auto record = run_once("reset_mid", [](OpenAiOptions& o) { o.max_retries = 5; });
  ASSERT_TRUE(failed_with(record, error_code::kUpstreamBroken));
  EXPECT_EQ(record.text, "Trains roll");
  EXPECT_EQ(calls(), 1) << "never again after the first byte";
}

TEST_F(OpenAiTest, FailsWithUpstreamBrokenOnGarbage) {
  const auto record = run_once("garbage");
  ASSERT_TRUE(failed_with(record, error_code::kUpstreamBroken));
  EXPECT_EQ(record.text, "Trains roll");
  EXPECT_EQ(record.error->details.at("body_excerpt"), "{]<<<\x07");
}

TEST_F(OpenAiTest, FailsWithUpstreamBrokenOnBytesThatAreNoStream) {
  ASSERT_TRUE(failed_with(run_once("binary"), error_code::kUpstreamBroken));
}

TEST_F(OpenAiTest, FailsWithUpstreamBrokenOnAWebPage) {
  const auto record = run_once("html");
  ASSERT_TRUE(failed_with(record, error_code::kUpstreamBroken));
  EXPECT_THAT(record.error->message, HasSubstr("text/html"));
}

TEST_F(OpenAiTest, KeepsStatusAndExcerptOfAServersError) {
  const auto record = run_once("status?code=500");
  ASSERT_TRUE(failed_with(record, error_code::kUpstreamFailed));
  EXPECT_TRUE(record.error->is_retryable());
  EXPECT_EQ(record.error->details.at("status"), 500);
  EXPECT_EQ(record.error->details.at("attempts"), 1);
  EXPECT_THAT(std::string(record.error->details.at("body_excerpt").as_string()),
              HasSubstr("The server had an error"));
}

TEST_F(OpenAiTest, SaysWhatAnUpstreamRejected) {
  const auto record = run_once("invalid", [](OpenAiOptions& o) { o.max_retries = 5; });
  ASSERT_TRUE(failed_with(record, error_code::kUpstreamRejected));
  EXPECT_FALSE(record.error->is_retryable());
  EXPECT_THAT(record.error->message, HasSubstr("max_tokens is too large"));
  EXPECT_EQ(record.error->details.at("upstream_code"), "context_length_exceeded");
  EXPECT_EQ(calls(), 1);
}

TEST_F(OpenAiTest, NeverShowsTheKeyThatAnUpstreamQuotes) {
  setenv("SHUNT_TEST_OPENAI_KEY", "sk-hunter2hunter2", 1);
  const auto with_key = [](OpenAiOptions& o) { o.api_key_env = "SHUNT_TEST_OPENAI_KEY"; };
  given_model("unauthorized", with_key);
  given_model("key_in_stream", with_key);
  unsetenv("SHUNT_TEST_OPENAI_KEY");
  const auto refused = run(0);
  ASSERT_TRUE(failed_with(refused, error_code::kUpstreamRejected));
  EXPECT_THAT(everything_in(*refused.error), Not(HasSubstr("hunter2")));
  EXPECT_THAT(everything_in(*refused.error), HasSubstr("[redacted]"));
  const auto broken = run(1);
  ASSERT_TRUE(failed_with(broken, error_code::kUpstreamFailed));
  EXPECT_EQ(broken.text, "Trains roll");
  EXPECT_THAT(everything_in(*broken.error), Not(HasSubstr("hunter2")));
}

TEST_F(OpenAiTest, DoesNotFollowARedirect) {
  const auto record = run_once("redirect");
  ASSERT_TRUE(failed_with(record, error_code::kUpstreamRejected));
  EXPECT_EQ(record.error->details.at("status"), 307);
  EXPECT_EQ(calls("redirected"), 0);
}

TEST_F(OpenAiTest, TimesOutBeforeTheFirstByte) {
  for (const std::string mode : {"hang", "hang_after_head"}) {
    given_model(mode, [](OpenAiOptions& o) {
      o.first_byte_timeout = 500ms;
      o.max_retries = 5;
    });
  }
  for (std::size_t i = 0; i < upstream_names_.size(); ++i) {
    const auto record = run(i);
    ASSERT_TRUE(failed_with(record, error_code::kUpstreamTimeout));
    EXPECT_EQ(record.error->details.at("phase"), "first_byte");
    EXPECT_EQ(record.error->details.at("timeout_ms"), 500);
    EXPECT_EQ(calls(upstream_names_[i]), 1) << "the upstream is at work: a second request would hurt";
  }
}

TEST_F(OpenAiTest, TimesOutWhenAStreamStandsStillAndKeepsItsText) {
  // The server writes each word by itself, and may be slow between two of them.
  const auto record = run_once("hang_mid", [](OpenAiOptions& o) { o.idle_timeout = 1500ms; });
  ASSERT_TRUE(failed_with(record, error_code::kUpstreamTimeout));
  EXPECT_EQ(record.error->details.at("phase"), "idle");
  EXPECT_EQ(record.text, "Trains roll down");
  EXPECT_TRUE(testing::eventually([&] { return seen("hang_mid").at("closed") == 1; }));
}

TEST_F(OpenAiTest, LetsASlowStreamLiveAsLongAsItMoves) {
  const auto record = run_once("ok?tokens=25&gap_ms=120", [](OpenAiOptions& o) {
    o.first_byte_timeout = 2s;
    o.idle_timeout = 2s;
  });
  EXPECT_EQ(record.state, GenerationState::kSucceeded) << "3 s of stream under an idle timeout of 2 s";
}

TEST_F(OpenAiTest, ReportsABadStatusWhoseBodyNeverEnds) {
  const auto record = run_once("hang_in_error", [](OpenAiOptions& o) { o.idle_timeout = 1500ms; });
  ASSERT_TRUE(failed_with(record, error_code::kUpstreamRejected));
  EXPECT_EQ(record.error->details.at("status"), 400);
  EXPECT_THAT(std::string(record.error->details.at("body_excerpt").as_string()), HasSubstr("it beg"));
}

TEST_F(OpenAiTest, TimesOutWhileConnecting) {
  DeadPort port;
  port.hang();
  const auto record = run_once("ok", [&](OpenAiOptions& o) {
    o.base_url = port.url();
    o.connect_timeout = 100ms;
  });
  ASSERT_TRUE(failed_with(record, error_code::kUpstreamTimeout));
  EXPECT_EQ(record.error->details.at("phase"), "connect");
}

TEST_F(OpenAiTest, SaysThatNobodyListens) {
  const DeadPort port;
  const auto record = run_once("ok", [&](OpenAiOptions& o) {
    o.base_url = port.url();
    o.max_retries = 2;
  });
  ASSERT_TRUE(failed_with(record, error_code::kUpstreamUnreachable));
  EXPECT_TRUE(record.error->is_retryable());
  EXPECT_EQ(record.error->details.at("attempts"), 3);
}

TEST_F(OpenAiTest, SaysThatANameCannotBeResolved) {
  const std::string host(70, 'x');  // longer than a name's part may be: fails without a network
  const auto record = run_once("ok", [&](OpenAiOptions& o) { o.base_url = "http://" + host + "/v1"; });
  ASSERT_TRUE(failed_with(record, error_code::kUpstreamUnreachable));
  EXPECT_EQ(record.error->message, "cannot connect to the upstream: its name cannot be looked up");
  EXPECT_THAT(record.error->internal, HasSubstr(host));
}

TEST_F(OpenAiTest, SaysThatTlsFailed) {
  const auto record = run_once("ok", [&](OpenAiOptions& o) {
    o.base_url = "https://127.0.0.1:" + std::to_string(server_.port()) + "/v1";
  });
  ASSERT_TRUE(failed_with(record, error_code::kUpstreamUnreachable));
}

TEST_F(OpenAiTest, StopsReadingAnAnswerWithoutEnd) {
  const auto record = run_once("huge", [](OpenAiOptions& o) { o.max_response_bytes = 200'000; });
  ASSERT_TRUE(failed_with(record, error_code::kOutputTooLarge));
  EXPECT_FALSE(record.error->is_retryable());
  EXPECT_EQ(record.error->details.at("limit"), 200'000);
  EXPECT_GT(record.text.size(), 100'000U) << "what fitted stays";
  EXPECT_TRUE(testing::eventually([&] { return seen("huge").at("closed") == 1; }));
}

TEST_F(OpenAiTest, StopsReadingALineWithoutEnd) {
  const auto record = run_once("huge_event");
  ASSERT_TRUE(failed_with(record, error_code::kUpstreamBroken));
  EXPECT_EQ(record.error->details.at("limit"), 4 * 1024 * 1024);
}

TEST_F(OpenAiTest, StopsWhenTheExecutorsOwnTextLimitBreaks) {
  given_model("huge");
  Model model;
  model.name = "small";
  model.generator = models_.find("m0")->generator;
  model.output.max_text_bytes = 50'000;
  ASSERT_TRUE(models_.add(std::move(model)).ok());
  GenerationRequest request;
  request.model = "small";
  request.input = JsonObject{{"prompt", "p"}};
  ASSERT_TRUE(failed_with(client().wait_for_end(client().start(request)), error_code::kOutputTooLarge));
  EXPECT_TRUE(testing::eventually([&] { return seen("huge").at("closed") == 1; }));
}

}  // namespace
}  // namespace shunt::generation

#include <gmock/gmock.h>

#include "integration/executor/queue_pair.hpp"

namespace shunt::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class QueueRetries : public QueuePair {
 protected:
  QueueRetries() {
    queue_.attempts = 3;
    queue_.backoff = 50ms;
    // Fails with a retryable error until the attempt that is asked for.
    add_model("flaky", [this](GenerationRun& run) -> Json {
      const int attempt = ++attempts_;
      run.delta("attempt " + std::to_string(attempt));
      if (attempt < good_attempt_) run.fail({"upstream_failed", "try again", Retryable::kYes});
      return nullptr;
    });
    add_model("hopeless", [this](GenerationRun& run) -> Json {
      ++attempts_;
      run.fail({"upstream_rejected", "never", Retryable::kNo});
      return nullptr;
    });
  }
  GenerationId start_and_wait_for_the_first_failure() {
    const GenerationId id = client_.start(request("flaky"));
    EXPECT_TRUE(eventually([&] {
      const auto worker = redis_({"HGET", key("::gen:r:") + id.to_string(), "worker"});
      return attempts_ == 1 && worker.text.empty() && redis_({"ZCARD", key(":flaky:delayed")}).integer == 1;
    }));
    return id;
  }

  RedisProcess redis_;
  std::atomic<int> attempts_{0};
  int good_attempt_ = 3;
};

TEST_F(QueueRetries, ARetryableFailureIsTriedAgainAndTheStreamTellsIt) {
  start(redis_.url());
  const GenerationId id = client_.start(request("flaky"));
  const auto events = client_.events(id);
  EXPECT_THAT(types(events), ElementsAre("queued", "started", "delta", "log", "restarted", "delta", "log",
                                         "restarted", "delta", "succeeded"));
  const auto& line = std::get<event::Log>(events[3].payload);
  EXPECT_EQ(line.level, "warn");
  EXPECT_EQ(line.message, "attempt 1 of 3 failed (upstream_failed: try again); the next one comes in 50 ms");
  EXPECT_EQ(client_.record(id).text, "attempt 3");
  EXPECT_EQ(attempts_, 3);
}

TEST_F(QueueRetries, TheLastAttemptsFailureIsTheEnd) {
  good_attempt_ = 100;
  start(redis_.url());
  const GenerationRecord record = client_.wait_for_end(client_.start(request("flaky")));
  EXPECT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, "upstream_failed");
  EXPECT_EQ(attempts_, 3);
}

TEST_F(QueueRetries, AFinalErrorIsTheEndAtOnce) {
  start(redis_.url());
  const GenerationId id = client_.start(request("hopeless"));
  EXPECT_THAT(types(client_.events(id)), ElementsAre("queued", "started", "failed"));
  EXPECT_EQ(attempts_, 1);
}

TEST_F(QueueRetries, OneAttemptIsTheDefault) {
  queue_.attempts = executor::QueueOptions{}.attempts;
  start(redis_.url());
  const GenerationId id = client_.start(request("flaky"));
  EXPECT_THAT(types(client_.events(id)), ElementsAre("queued", "started", "delta", "failed"));
}

TEST_F(QueueRetries, CancelBetweenTwoAttemptsEndsItAtOnceAndItNeverRunsAgain) {
  queue_.backoff = 20s;
  start(redis_.url());
  const GenerationId id = start_and_wait_for_the_first_failure();
  EXPECT_EQ(client_.record(id).state, GenerationState::kRunning);
  const auto outcome = client_.cancel(id, "enough");
  const auto& record = std::get<GenerationRecord>(*outcome);
  EXPECT_EQ(record.state, GenerationState::kCancelled);
  EXPECT_EQ(record.cancel_reason, "enough");
  EXPECT_EQ(client_.events(id).back().type(), "cancelled");
  EXPECT_TRUE(eventually([&] { return redis_({"ZCARD", key(":flaky:delayed")}).integer == 0; }));
  EXPECT_EQ(attempts_, 1);
}

TEST_F(QueueRetries, ADeadlineBetweenTwoAttemptsEndsItThen) {
  queue_.backoff = 3s;
  start(redis_.url());
  GenerationRequest made = request("flaky");
  made.options.timeout = 8s;
  const GenerationId id = client_.start(std::move(made));
  ASSERT_TRUE(eventually([&] { return attempts_ == 2; }));
  // The third would come 6 s after the second, and the time is over before.
  const GenerationRecord record = client_.wait_for_end(id);
  EXPECT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, "upstream_failed");
  EXPECT_EQ(attempts_, 2);
}

TEST_F(QueueRetries, NoWorkerForTheNextAttemptLetsTheDeadlineEndIt) {
  queue_.backoff = 4s;
  queue_.lock_duration = 30s;
  start(redis_.url());
  GenerationRequest made = request("flaky");
  made.options.timeout = 6s;
  const GenerationId id = client_.start(std::move(made));
  ASSERT_TRUE(eventually([&] { return redis_({"ZCARD", key(":flaky:delayed")}).integer == 1; }));
  worker_.reset();
  const GenerationRecord record = client_.wait_for_end(id);
  EXPECT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kDeadlineExceeded);
  // Not the grace of a running one, in which a lost worker would be found.
  EXPECT_LT(*record.finished_at - *record.deadline, 15s);
}

}  // namespace
}  // namespace shunt::testing

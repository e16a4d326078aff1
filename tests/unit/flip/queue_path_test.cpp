// What becomes of a request that was decided for the queue: breaker, fallback, bulkhead, probes.
#include "queue_path.hpp"

#include "support/eventually.hpp"
#include "unit/flip/two_recording_executors.hpp"

namespace shunt::flip {
namespace {

using shunt::testing::eventually;
using std::chrono::seconds;

TEST(EnqueueOutcomes, TellTheQueuesFaultsFromTheCallers) {
  const auto refused = [](ErrorCode code) { return SubmitOutcome(Refused{{code, ""}, {}}); };
  EXPECT_EQ(enqueue_outcome(Accepted{}), EnqueueOutcome::kAccepted);
  EXPECT_EQ(enqueue_outcome(Unknown{}), EnqueueOutcome::kDeadline);
  EXPECT_EQ(enqueue_outcome(refused(error_code::kQueueUnavailable)), EnqueueOutcome::kUnreachable);
  for (const ErrorCode& code :
       {error_code::kModelBusy, error_code::kInvalidInput, error_code::kIdempotencyConflict,
        error_code::kShuttingDown, error_code::kOverloaded, error_code::kNoWorker})
    EXPECT_EQ(enqueue_outcome(refused(code)), EnqueueOutcome::kBadInput) << code.to_string();
}

class QueuePathTest : public TwoRecordingExecutors {
 protected:
  void queue_is_away() {
    queue_->on_submit = [](const auto&) { return refuse(error_code::kQueueUnavailable); };
  }
  void open_breaker() {
    queue_is_away();
    for (int i = 0; i < 5; ++i) (void)client_.submit(request("m"));
    ASSERT_EQ(executor_->breaker().view().state, BreakerState::kOpen);
  }
  [[nodiscard]] std::size_t queued() const { return queue_->submitted().size(); }
};

TEST_F(QueuePathTest, RefusesByDefaultWhatTheQueueRefuses) {
  begin_in(FlipState::kFull);
  queue_is_away();
  EXPECT_EQ(refusal(client_.submit(request("m"))), error_code::kQueueUnavailable);
  EXPECT_TRUE(sync_->submitted().empty());
}

TEST_F(QueuePathTest, RunsHereWhatTheQueueRefusesIfTheModelSaysSo) {
  policy_.on_queue_down = OnQueueDown::kSync;
  begin_in(FlipState::kFull);
  queue_is_away();
  client_.start(request("m", {{"prompt", "x"}}));
  ASSERT_EQ(sync_->submitted().size(), 1U);
  const GenerationRequest ran = sync_->submitted()[0];
  EXPECT_EQ(ran.admission->executor, "sync");
  EXPECT_EQ(ran.admission->reason, "fallback_broker");
  EXPECT_EQ(ran.admission->epoch, 7U);
  EXPECT_EQ(ran.input, (Json(JsonObject{{"prompt", "x"}})));
  EXPECT_EQ(executor_->decisions().of(ExecutorKind::kSync, Reason::kFallbackBroker), 1U);
  EXPECT_EQ(executor_->decisions().of(ExecutorKind::kQueue, Reason::kState), 0U);
}

TEST_F(QueuePathTest, NeverRunsHereWhatTheQueueMayHave) {
  policy_.on_queue_down = OnQueueDown::kSync;
  begin_in(FlipState::kFull);
  queue_->on_submit = [this](const auto&) { return leave_unknown(); };
  EXPECT_TRUE(std::holds_alternative<Unknown>(client_.submit(request("m"))));
  EXPECT_TRUE(sync_->submitted().empty());
}

TEST_F(QueuePathTest, NeverRunsHereWhatIsRefusedForItsOwnSake) {
  policy_.on_queue_down = OnQueueDown::kSync;
  begin_in(FlipState::kFull);
  queue_->on_submit = [](const auto&) { return refuse(error_code::kModelBusy); };
  EXPECT_EQ(refusal(client_.submit(request("m"))), error_code::kModelBusy);
  EXPECT_TRUE(sync_->submitted().empty());
}

TEST_F(QueuePathTest, RunsOnlySoManyFallbacksAtOnce) {
  policy_.on_queue_down = OnQueueDown::kSync;
  policy_.fallback_concurrency = 1;
  begin_in(FlipState::kFull);
  queue_is_away();
  client_.start(request("m"));
  EXPECT_EQ(refusal(client_.submit(request("m"))), error_code::kQueueUnavailable);
  EXPECT_EQ(sync_->submitted().size(), 1U);
  end(0);
  client_.start(request("m"));
}

TEST_F(QueuePathTest, DoesNotAskTheQueueWhileTheBreakerIsOpen) {
  begin_in(FlipState::kFull);
  open_breaker();
  EXPECT_EQ(refusal(client_.submit(request("m"))), error_code::kQueueUnavailable);
  EXPECT_EQ(queued(), 5U);
  EXPECT_EQ(executor_->breaker().view().refused, 1U);
}

TEST_F(QueuePathTest, RunsHereWhatTheBreakerDoesNotLetThrough) {
  policy_.on_queue_down = OnQueueDown::kSync;
  policy_.fallback_concurrency = 10;
  begin_in(FlipState::kFull);
  open_breaker();
  client_.start(request("m"));
  EXPECT_EQ(queued(), 5U);
  EXPECT_EQ(last_reason(*sync_), "fallback_breaker");
}

TEST_F(QueuePathTest, OnlyCountsWhereTheBreakerIsForMetrics) {
  breaker_mode_ = BreakerMode::kMetricsOnly;
  begin_in(FlipState::kFull);
  open_breaker();
  (void)client_.submit(request("m"));
  EXPECT_EQ(queued(), 6U);
  clock_.advance(seconds(1));
  EXPECT_GE(executor_->breaker().open_for(clock_.steady_now()), seconds(1));
}

TEST_F(QueuePathTest, SendsNothingWhileTheOperatorHoldsTheBreakerOpen) {
  begin_in(FlipState::kFull);
  executor_->breaker().set_mode(BreakerMode::kForcedOpen);
  (void)client_.submit(request("m"));
  EXPECT_EQ(queued(), 0U);
  executor_->breaker().set_mode(BreakerMode::kForcedClosed);
  queue_is_away();
  for (int i = 0; i < 7; ++i) (void)client_.submit(request("m"));
  EXPECT_EQ(queued(), 7U);
}

TEST_F(QueuePathTest, CountsAQueueWithoutAWorkerAsDownForModelsThatSaySo) {
  policy_.down.without_worker = true;
  queue_description_.models = {{.name = "m"}};
  begin_in(FlipState::kFull);
  EXPECT_EQ(refusal(client_.submit(request("m"))), error_code::kQueueUnavailable);
  EXPECT_EQ(queued(), 0U);
  queue_description_.models[0].plain_workers = 1;
  clock_.advance(seconds(1));
  client_.start(request("m"));
  EXPECT_EQ(queued(), 1U);
}

TEST_F(QueuePathTest, CountsALateQueueAsDownForModelsThatSaySo) {
  policy_.down.when_late = true;
  policy_.on_queue_down = OnQueueDown::kSync;
  wait_deadline_ = seconds(60);
  queue_description_.models = {{.name = "m", .oldest_waiting_age = seconds(31)}};
  begin_in(FlipState::kFull);
  client_.start(request("m"));
  EXPECT_EQ(last_reason(*sync_), "fallback_breaker");
  EXPECT_EQ(queued(), 0U);
}

TEST_F(QueuePathTest, ProbesWithGenerationsOfNobodyAndClosesWhenTheyComeBack) {
  policy_.probe_input = JsonObject{{"prompt", "probe"}};
  begin_in(FlipState::kFull);
  open_breaker();
  queue_->on_submit = [this](const auto&) { return accept(); };
  clock_.advance(seconds(7));
  // One, and three more once that is back.
  for (const std::size_t sent : {std::size_t{6}, std::size_t{9}}) {
    ASSERT_TRUE(eventually([&] { return queued() == sent; }));
    const GenerationRequest probe = queue_->submitted().back();
    EXPECT_EQ(probe.model, "m");
    EXPECT_EQ(probe.caller, "");
    EXPECT_EQ(probe.input, (Json(JsonObject{{"prompt", "probe"}})));
    EXPECT_EQ(probe.options.metadata.at("shunt.probe"), true);
    EXPECT_EQ(probe.admission->reason, "probe");
    EXPECT_EQ(executor_->breaker().view().state, BreakerState::kHalfOpen);
    for (std::size_t n = sent == 6 ? 0 : 1; n < sent - 5; ++n) end(n);
  }
  EXPECT_TRUE(eventually([&] { return executor_->breaker().view().state == BreakerState::kClosed; }));
  EXPECT_EQ(executor_->breaker().view().good_probes, 4U);
}

TEST_F(QueuePathTest, ProbesForOthersToo) {
  policy_.probe_input = JsonObject{};
  begin_in(FlipState::kDark);
  std::promise<bool> came_back;
  executor_->probe([&](const Result<void>& outcome) { came_back.set_value(outcome.ok()); });
  ASSERT_TRUE(eventually([&] { return queued() == 1; }));
  end(0);
  EXPECT_TRUE(shunt::testing::await(came_back.get_future(), "the probe"));
}

TEST_F(QueuePathTest, GivesUpAProbeThatDoesNotComeBack) {
  policy_.probe_input = JsonObject{};
  begin_in(FlipState::kDark);
  std::promise<bool> came_back;
  executor_->probe([&](const Result<void>& outcome) { came_back.set_value(outcome.ok()); });
  ASSERT_TRUE(eventually([&] { return queued() == 1; }));
  clock_.advance(seconds(21));
  EXPECT_FALSE(shunt::testing::await(came_back.get_future(), "the probe"));
  EXPECT_TRUE(eventually([&] { return queue_->cancelled().size() == 1; }));
}

TEST_F(QueuePathTest, GoesByTheHealthOfRedisWhereNoModelCanBeProbed) {
  queue_description_.health = executor::Health::kDegraded;
  begin_in(FlipState::kFull);
  open_breaker();
  clock_.advance(seconds(7));
  ASSERT_TRUE(eventually([&] { return executor_->breaker().view().state == BreakerState::kHalfOpen; }));
  EXPECT_EQ(queued(), 5U);
  // The look may begin a moment after the breaker is seen half open, by the clock as it is then.
  EXPECT_TRUE(eventually([&] {
    clock_.advance(seconds(1));
    return executor_->breaker().view().bad_probes >= 1;
  }));
}

}  // namespace
}  // namespace shunt::flip

// Where a request goes and what is asked about it afterwards; queue_path_test.cpp has what happens while the
// queue is down.
#include "shunt/flip/flip_executor.hpp"

#include "unit/flip/two_recording_executors.hpp"

namespace shunt::flip {
namespace {

using executor::FindOutcome;
using executor::RecordPage;

class FlipExecutorTest : public TwoRecordingExecutors {
 protected:
  [[nodiscard]] GenerationId id() { return ids_.next(); }
  static Result<FindOutcome> record_with(std::string text) {
    GenerationRecord record;
    record.text = std::move(text);
    return FindOutcome(std::move(record));
  }
};

TEST_F(FlipExecutorTest, WritesOneDecisionIntoTheAdmission) {
  begin_in(FlipState::kCanary);
  GenerationRequest made = request("m");
  made.context.tenant = "tenant-1";
  client_.start(made);
  ASSERT_EQ(queue_->submitted().size(), 1U);
  EXPECT_TRUE(sync_->submitted().empty());
  const Admission admission = *queue_->submitted()[0].admission;
  EXPECT_EQ(admission.executor, "queue");
  EXPECT_EQ(admission.reason, "split");
  EXPECT_EQ(admission.epoch, 7U);
  EXPECT_EQ(admission.bucket, bucket_of("r1", "tenant-1"));
  EXPECT_EQ(admission.salt, "r1");
  EXPECT_EQ(executor_->decisions().of(ExecutorKind::kQueue, Reason::kSplit), 1U);
}

TEST_F(FlipExecutorTest, SendsNothingToTheQueueInTheDark) {
  begin_in(FlipState::kDark);
  client_.start(request("m"));
  EXPECT_TRUE(queue_->submitted().empty());
  EXPECT_EQ(last_reason(*sync_), "state");
  EXPECT_EQ(executor_->decisions().of(ExecutorKind::kSync, Reason::kState), 1U);
}

TEST_F(FlipExecutorTest, GoesByTheSnapshotOfTheMoment) {
  begin_in(FlipState::kDark);
  client_.start(request("m"));
  record_.state = FlipState::kFull;
  ++record_.epoch;
  snapshot_->replace(Snapshot(record_));
  client_.start(request("m"));
  ASSERT_EQ(queue_->submitted().size(), 1U);
  EXPECT_EQ(queue_->submitted()[0].admission->epoch, 8U);
}

TEST_F(FlipExecutorTest, FollowsTheCallersChoiceAndTheModelsRule) {
  policy_.rule = ModelRule::kSync;
  begin_in(FlipState::kFull);
  client_.start(request("m"));
  EXPECT_EQ(last_reason(*sync_), "model_rule");
  GenerationRequest made = request("m");
  made.wanted_executor = "queue";
  client_.start(made);
  EXPECT_EQ(last_reason(*queue_), "override");
}

TEST_F(FlipExecutorTest, KeepsACanaryBelowItsBound) {
  begin_in(FlipState::kCanary, 2);
  for (int i = 0; i < 3; ++i) client_.start(request("m"));
  EXPECT_EQ(queue_->submitted().size(), 2U);
  EXPECT_EQ(last_reason(*sync_), "canary_full");
  end(0);
  client_.start(request("m"));
  EXPECT_EQ(queue_->submitted().size(), 3U);
}

TEST_F(FlipExecutorTest, LooksWhereAGenerationIsWhateverTheState) {
  for (const FlipState state : {FlipState::kDark, FlipState::kFull}) {
    if (!executor_) begin_in(state);
    record_.state = state;
    snapshot_->replace(Snapshot(record_));
    sync_->on_find = [](const auto&) { return record_with("sync"); };
    queue_->on_find = [](const auto&) { return record_with("queue"); };
    EXPECT_EQ(client_.record(id()).text, "sync");
    sync_->on_find = [](const auto&) { return FindOutcome(GenerationUnknown{}); };
    EXPECT_EQ(client_.record(id()).text, "queue");
    // This process keeps less, and for a shorter time.
    sync_->on_find = [](const auto&) { return FindOutcome(GenerationGone{}); };
    EXPECT_EQ(client_.record(id()).text, "queue");
    queue_->on_find = [](const auto&) { return FindOutcome(GenerationUnknown{}); };
    EXPECT_TRUE(std::holds_alternative<GenerationGone>(*client_.find(id())));
  }
}

TEST_F(FlipExecutorTest, SaysThatNobodyKnowsAGenerationOnlyIfBothCouldLook) {
  begin_in(FlipState::kDark);
  const Error trouble{error_code::kQueueUnavailable, "away"};
  EXPECT_TRUE(std::holds_alternative<GenerationUnknown>(*client_.find(id())));
  sync_->on_find = [&](const auto&) { return trouble; };
  EXPECT_EQ(client_.find(id()).error().code, error_code::kQueueUnavailable);
  queue_->on_find = [](const auto&) { return record_with("queue"); };
  EXPECT_EQ(client_.record(id()).text, "queue");
  sync_->on_find = nullptr;
  queue_->on_find = [&](const auto&) { return trouble; };
  EXPECT_EQ(client_.find(id()).error().code, error_code::kQueueUnavailable);
  sync_->on_find = [](const auto&) { return FindOutcome(GenerationGone{}); };
  EXPECT_EQ(client_.find(id()).error().code, error_code::kQueueUnavailable) << "the queue may have it";
}

TEST_F(FlipExecutorTest, RemovesAndTellsTheRequestWhereItIs) {
  begin_in(FlipState::kFull);
  sync_->on_remove = [](const auto&) { return executor::RemoveOutcome(executor::NotEnded{}); };
  EXPECT_TRUE(std::holds_alternative<executor::NotEnded>(*client_.remove(id())));
  sync_->on_remove = nullptr;
  queue_->on_remove = [](const auto&) { return executor::RemoveOutcome(executor::Removed{}); };
  EXPECT_TRUE(std::holds_alternative<executor::Removed>(*client_.remove(id())));
  queue_->on_request_of = [](const auto&) { return executor::RequestOutcome(executor::RequestForgotten{}); };
  EXPECT_TRUE(std::holds_alternative<executor::RequestForgotten>(*client_.request_of(id())));
}

TEST_F(FlipExecutorTest, ListsBothOrNothing) {
  begin_in(FlipState::kDark);
  const auto older = id();
  const auto newer = id();
  const auto page_with = [](const GenerationId& listed) {
    RecordPage page;
    page.records.emplace_back().id = listed;
    return page;
  };
  sync_->on_list = [&](const auto&) { return page_with(older); };
  queue_->on_list = [&](const auto&) { return page_with(newer); };
  const auto page = client_.list({});
  ASSERT_EQ(page->records.size(), 2U);
  EXPECT_EQ(page->records[0].id, newer);
  queue_->on_list = [](const auto&) -> Result<RecordPage> {
    return Error{error_code::kQueueUnavailable, "away"};
  };
  EXPECT_FALSE(client_.list({}).ok());
}

}  // namespace
}  // namespace shunt::flip

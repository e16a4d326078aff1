#include "queue/replicas/replicas.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/envelope.hpp"

namespace shunt::executor {
namespace {

using std::chrono::milliseconds;

class ReplicasTest : public ::testing::Test {
 protected:
  static std::shared_ptr<Generation> generation() {
    static GenerationIdSource ids(system_clock());
    Envelope envelope;
    envelope.id = ids.next();
    envelope.request.model = "echo";
    return std::make_shared<Generation>(envelope, system_clock(), OutputLimits{});
  }
  static GenerationEvent at(std::uint64_t sequence, GenerationEvent::Payload payload) {
    return {sequence, WallTime{}, std::move(payload)};
  }
  Replicas::Applied apply(Replica& replica, std::vector<GenerationEvent> events) {
    return replicas_.apply(replica, std::move(events), now_);
  }
  std::shared_ptr<Replica> running() {
    auto replica = replicas_.add(generation(), SteadyTime::max(), now_);
    apply(*replica, {at(2, event::Started{}), at(3, event::Delta{"one "})});
    return replica;
  }
  static std::string text(const Replica& replica) { return replica.generation->record().text; }

  Replicas replicas_;
  SteadyTime now_{std::chrono::hours(1)};
};

TEST_F(ReplicasTest, ApplyWhatFollowsAndSkipWhatIsKnown) {
  const auto replica = running();
  EXPECT_EQ(apply(*replica, {at(3, event::Delta{"one "}), at(4, event::Delta{"two"})}),
            Replicas::Applied::kNew);
  EXPECT_EQ(apply(*replica, {at(3, event::Delta{"one "}), at(4, event::Delta{"two"})}),
            Replicas::Applied::kOld);
  EXPECT_EQ(text(*replica), "one two");
}

TEST_F(ReplicasTest, ReportAGapAndApplyNothingBeyondIt) {
  const auto replica = running();
  EXPECT_EQ(apply(*replica, {at(5, event::Delta{"three"})}), Replicas::Applied::kGap);
  EXPECT_EQ(text(*replica), "one ");
}

TEST_F(ReplicasTest, FollowTheLogAcrossAGap) {
  const auto replica = running();
  const auto truth = generation();
  truth->start();
  truth->delta("one ");
  truth->delta("two ");
  truth->delta("three");
  replicas_.follow(*replica, *truth);
  EXPECT_EQ(text(*replica), "one two three");
  EXPECT_EQ(replicas_.running(), 1U);
  truth->succeed(nullptr);
  replicas_.follow(*replica, *truth);
  EXPECT_EQ(replica->generation->state(), GenerationState::kSucceeded);
  EXPECT_EQ(replicas_.running(), 0U);
}

TEST_F(ReplicasTest, EndAsAShorterLogDoes) {
  const auto replica = running();
  apply(*replica, {at(4, event::Delta{"lost"})});
  const auto truth = generation();
  truth->start();
  truth->fail({"worker_lost", "gone", Retryable::kYes});
  replicas_.follow(*replica, *truth);
  EXPECT_EQ(replica->generation->state(), GenerationState::kFailed);
}

// Redis came back without its last second, and another attempt wrote over what we have seen.
TEST_F(ReplicasTest, GoOnFromARestartInThePlaceOfEventsThatTheLogHasLost) {
  const auto replica = running();
  apply(*replica, {at(4, event::Delta{"two "}), at(5, event::Delta{"three "})});
  EXPECT_EQ(apply(*replica, {at(4, event::Restarted{2}), at(5, event::Delta{"again "})}),
            Replicas::Applied::kNew);
  EXPECT_EQ(text(*replica), "again ");
  EXPECT_EQ(replica->log_sequence(), 5U);
  EXPECT_EQ(replica->generation->last_sequence(), 7U);
  // The same once more, as after a look at the log, changes nothing.
  EXPECT_EQ(apply(*replica, {at(4, event::Restarted{2}), at(5, event::Delta{"again "})}),
            Replicas::Applied::kOld);
  apply(*replica, {at(6, event::Succeeded{})});
  EXPECT_EQ(replica->generation->state(), GenerationState::kSucceeded);
}

TEST_F(ReplicasTest, ARestartBeforeAnyStartIsAStart) {
  const auto replica = replicas_.add(generation(), SteadyTime::max(), now_);
  apply(*replica, {at(2, event::Restarted{2})});
  EXPECT_EQ(replica->generation->state(), GenerationState::kRunning);
  EXPECT_TRUE(replica->generation->record().started_at.has_value());
}

TEST_F(ReplicasTest, LingerWithoutAWatchAndStayWithOne) {
  std::string left;
  auto kept = replicas_.add(generation(), SteadyTime::max(), now_);
  const auto watch = replicas_.watch(kept, {}, now_);
  kept.reset();
  left = replicas_.add(generation(), SteadyTime::max(), now_)->id;
  EXPECT_TRUE(replicas_.take_unused(now_ + Replicas::kLinger - milliseconds(1)).empty());
  EXPECT_EQ(replicas_.take_unused(now_ + Replicas::kLinger + milliseconds(1)),
            std::vector<std::string>{left});
  EXPECT_EQ(replicas_.find(left), nullptr);
  EXPECT_EQ(replicas_.waiting(), 1U);
}

TEST_F(ReplicasTest, AreLookedAtWithGrowingPausesWhileNothingIsApplied) {
  const auto replica = replicas_.add(generation(), SteadyTime::max(), now_);
  EXPECT_TRUE(replicas_.unreported(now_ + milliseconds(249)).empty());
  EXPECT_EQ(replicas_.unreported(now_ + milliseconds(250)).size(), 1U);
  EXPECT_TRUE(replicas_.unreported(now_ + milliseconds(749)).empty());
  EXPECT_EQ(replicas_.unreported(now_ + milliseconds(750)).size(), 1U);
  now_ += milliseconds(800);
  apply(*replica, {at(2, event::Started{})});
  EXPECT_TRUE(replicas_.unreported(now_ + milliseconds(249)).empty());
}

TEST_F(ReplicasTest, ArePastTheirDeadlineUntilTheyEnd) {
  const auto replica = replicas_.add(generation(), now_ + milliseconds(100), now_);
  EXPECT_TRUE(replicas_.past_deadline(now_ + milliseconds(99)).empty());
  EXPECT_EQ(replicas_.past_deadline(now_ + milliseconds(100)).size(), 1U);
  EXPECT_EQ(replicas_.past_deadline(now_ + milliseconds(200)).size(), 1U);
  replicas_.fail(*replica, {"deadline_exceeded", "", Retryable::kYes});
  EXPECT_TRUE(replicas_.past_deadline(now_ + milliseconds(300)).empty());
}

}  // namespace
}  // namespace shunt::executor

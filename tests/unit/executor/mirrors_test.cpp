#include "queue/replicas/replicas.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/envelope.hpp"

namespace shunt::executor {
namespace {

using std::chrono::milliseconds;

class MirrorsTest : public ::testing::Test {
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
  Mirrors::Heard hear(Mirror& mirror, std::vector<GenerationEvent> events) {
    return mirrors_.apply(mirror, std::move(events), now_);
  }
  std::shared_ptr<Mirror> running() {
    auto mirror = mirrors_.add(generation(), SteadyTime::max(), now_);
    hear(*mirror, {at(2, event::Started{}), at(3, event::Delta{"one "})});
    return mirror;
  }
  static std::string text(const Mirror& mirror) { return mirror.generation->record().text; }

  Mirrors mirrors_;
  SteadyTime now_{std::chrono::hours(1)};
};

TEST_F(MirrorsTest, ApplyWhatFollowsAndSkipWhatIsKnown) {
  const auto mirror = running();
  EXPECT_EQ(hear(*mirror, {at(3, event::Delta{"one "}), at(4, event::Delta{"two"})}),
            Mirrors::Heard::kApplied);
  EXPECT_EQ(hear(*mirror, {at(3, event::Delta{"one "}), at(4, event::Delta{"two"})}), Mirrors::Heard::kOld);
  EXPECT_EQ(text(*mirror), "one two");
}

TEST_F(MirrorsTest, ReportAGapAndApplyNothingBeyondIt) {
  const auto mirror = running();
  EXPECT_EQ(hear(*mirror, {at(5, event::Delta{"three"})}), Mirrors::Heard::kGap);
  EXPECT_EQ(text(*mirror), "one ");
}

TEST_F(MirrorsTest, FollowTheLogAcrossAGap) {
  const auto mirror = running();
  const auto truth = generation();
  truth->start();
  truth->delta("one ");
  truth->delta("two ");
  truth->delta("three");
  mirrors_.follow(*mirror, *truth);
  EXPECT_EQ(text(*mirror), "one two three");
  EXPECT_EQ(mirrors_.running(), 1U);
  truth->succeed(nullptr);
  mirrors_.follow(*mirror, *truth);
  EXPECT_EQ(mirror->generation->state(), GenerationState::kSucceeded);
  EXPECT_EQ(mirrors_.running(), 0U);
}

TEST_F(MirrorsTest, EndAsAShorterLogDoes) {
  const auto mirror = running();
  hear(*mirror, {at(4, event::Delta{"lost"})});
  const auto truth = generation();
  truth->start();
  truth->fail({"worker_lost", "gone", true});
  mirrors_.follow(*mirror, *truth);
  EXPECT_EQ(mirror->generation->state(), GenerationState::kFailed);
}

// Redis came back without its last second, and another attempt wrote over what we have seen.
TEST_F(MirrorsTest, GoOnFromARestartInThePlaceOfEventsThatTheLogHasLost) {
  const auto mirror = running();
  hear(*mirror, {at(4, event::Delta{"two "}), at(5, event::Delta{"three "})});
  EXPECT_EQ(hear(*mirror, {at(4, event::Restarted{2}), at(5, event::Delta{"again "})}),
            Mirrors::Heard::kApplied);
  EXPECT_EQ(text(*mirror), "again ");
  EXPECT_EQ(mirror->log_sequence(), 5U);
  EXPECT_EQ(mirror->generation->last_sequence(), 7U);
  // The same once more, as after a look at the log, changes nothing.
  EXPECT_EQ(hear(*mirror, {at(4, event::Restarted{2}), at(5, event::Delta{"again "})}), Mirrors::Heard::kOld);
  hear(*mirror, {at(6, event::Succeeded{})});
  EXPECT_EQ(mirror->generation->state(), GenerationState::kSucceeded);
}

TEST_F(MirrorsTest, ARestartBeforeAnyStartIsAStart) {
  const auto mirror = mirrors_.add(generation(), SteadyTime::max(), now_);
  hear(*mirror, {at(2, event::Restarted{2})});
  EXPECT_EQ(mirror->generation->state(), GenerationState::kRunning);
  EXPECT_TRUE(mirror->generation->record().started_at.has_value());
}

TEST_F(MirrorsTest, LingerWithoutAWatchAndStayWithOne) {
  std::string left;
  auto kept = mirrors_.add(generation(), SteadyTime::max(), now_);
  const auto watch = mirrors_.watch(kept, {}, now_);
  kept.reset();
  left = mirrors_.add(generation(), SteadyTime::max(), now_)->id;
  EXPECT_TRUE(mirrors_.sweep(now_ + Mirrors::kLinger - milliseconds(1)).empty());
  EXPECT_EQ(mirrors_.sweep(now_ + Mirrors::kLinger + milliseconds(1)), std::vector<std::string>{left});
  EXPECT_EQ(mirrors_.find(left), nullptr);
  EXPECT_EQ(mirrors_.waiting(), 1U);
}

TEST_F(MirrorsTest, AreLookedAtWithGrowingPausesWhileNothingIsHeard) {
  const auto mirror = mirrors_.add(generation(), SteadyTime::max(), now_);
  EXPECT_TRUE(mirrors_.due(now_ + milliseconds(249)).empty());
  EXPECT_EQ(mirrors_.due(now_ + milliseconds(250)).size(), 1U);
  EXPECT_TRUE(mirrors_.due(now_ + milliseconds(749)).empty());
  EXPECT_EQ(mirrors_.due(now_ + milliseconds(750)).size(), 1U);
  now_ += milliseconds(800);
  hear(*mirror, {at(2, event::Started{})});
  EXPECT_TRUE(mirrors_.due(now_ + milliseconds(249)).empty());
}

TEST_F(MirrorsTest, AreOverdueFromTheirDeadlineUntilTheyEnd) {
  const auto mirror = mirrors_.add(generation(), now_ + milliseconds(100), now_);
  EXPECT_TRUE(mirrors_.overdue(now_ + milliseconds(99)).empty());
  EXPECT_EQ(mirrors_.overdue(now_ + milliseconds(100)).size(), 1U);
  EXPECT_EQ(mirrors_.overdue(now_ + milliseconds(200)).size(), 1U);
  mirrors_.fail(*mirror, {"deadline_exceeded", "", true});
  EXPECT_TRUE(mirrors_.overdue(now_ + milliseconds(300)).empty());
}

}  // namespace
}  // namespace shunt::executor

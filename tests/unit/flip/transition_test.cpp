#include "shunt/flip/transition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "unit/flip/record_in.hpp"

namespace shunt::flip {
namespace {

using S = FlipState;
using E = FlipEvent;

TransitionInput input_of(E event) {
  TransitionInput input;
  input.event = event;
  input.by = {ActorKind::kPerson, "ann"};
  input.why = "a test";
  input.now = kNow + std::chrono::minutes(5);
  input.new_salt = "r2";
  input.build = "new";
  input.preflight_passed = input.converged = true;
  return input;
}

// "canary(2)", "held canary(2)", "forced_sync from full": a record's place in words.
std::string place(const FlipRecord& record) {
  const auto words = [](S state, std::size_t step) {
    std::string text(state_name(state));
    return state == S::kCanary ? text + '(' + std::to_string(step) + ')' : text;
  };
  std::string text = words(record.state, record.step);
  if (!record.before) return text;
  return text + (record.state == S::kHeld ? " " : " from ") +
         words(record.before->state, record.before->step);
}

struct Row {
  FlipRecord from;
  std::map<E, std::string> to;  // what is not here is refused
};

// The whole table of flip-control with its amendments: every state, every event.
std::vector<Row> table() {
  const auto held = [](S state, std::size_t step = 0) {
    return record_in(S::kHeld, 0, Resting{state, step});
  };
  const auto forced = [](S by, S state, std::size_t step = 0) {
    return record_in(by, 0, Resting{state, step});
  };
  return {
      {record_in(S::kOff),
       {{E::kStart, "dark"},
        {E::kForceSync, "forced_sync from off"},
        {E::kForceQueue, "forced_queue from off"},
        {E::kVersionChanged, "off"}}},
      {record_in(S::kDark),
       {{E::kStart, "dark"},
        {E::kAdvance, "shadow"},
        {E::kHold, "held dark"},
        {E::kAbort, "aborting"},
        {E::kForceSync, "forced_sync from dark"},
        {E::kForceQueue, "forced_queue from dark"},
        {E::kVersionChanged, "dark"}}},
      {record_in(S::kShadow),
       {{E::kAdvance, "canary(0)"},
        {E::kHold, "held shadow"},
        {E::kAbort, "aborting"},
        {E::kForceSync, "forced_sync from shadow"},
        {E::kForceQueue, "forced_queue from shadow"},
        {E::kVersionChanged, "shadow"}}},
      {record_in(S::kCanary, 2),
       {{E::kAdvance, "canary(3)"},
        {E::kHold, "held canary(2)"},
        {E::kBack, "canary(1)"},
        {E::kAbort, "aborting"},
        {E::kForceSync, "forced_sync from canary(2)"},
        {E::kForceQueue, "forced_queue from canary(2)"},
        {E::kVersionChanged, "canary(0)"}}},
      {record_in(S::kCanary, 4),
       {{E::kAdvance, "full"},
        {E::kHold, "held canary(4)"},
        {E::kBack, "canary(3)"},
        {E::kAbort, "aborting"},
        {E::kForceSync, "forced_sync from canary(4)"},
        {E::kForceQueue, "forced_queue from canary(4)"},
        {E::kVersionChanged, "canary(0)"}}},
      {record_in(S::kFull),
       {{E::kAbort, "aborting"},
        {E::kForceSync, "forced_sync from full"},
        {E::kForceQueue, "forced_queue from full"},
        {E::kVersionChanged, "full"}}},
      {held(S::kCanary, 2),
       {{E::kResume, "canary(2)"},
        {E::kBack, "canary(1)"},
        {E::kAbort, "aborting"},
        {E::kForceSync, "forced_sync from canary(2)"},
        {E::kForceQueue, "forced_queue from canary(2)"},
        {E::kVersionChanged, "held canary(0)"}}},
      {held(S::kCanary, 0),
       {{E::kResume, "canary(0)"},
        {E::kAbort, "aborting"},
        {E::kForceSync, "forced_sync from canary(0)"},
        {E::kForceQueue, "forced_queue from canary(0)"},
        {E::kVersionChanged, "held canary(0)"}}},
      {held(S::kShadow),
       {{E::kResume, "shadow"},
        {E::kAbort, "aborting"},
        {E::kForceSync, "forced_sync from shadow"},
        {E::kForceQueue, "forced_queue from shadow"},
        {E::kVersionChanged, "held shadow"}}},
      {record_in(S::kAborting),
       {{E::kAcknowledged, "draining"},
        {E::kForceSync, "forced_sync from off"},
        {E::kForceQueue, "forced_queue from off"},
        {E::kVersionChanged, "aborting"}}},
      {record_in(S::kDraining),
       {{E::kDrained, "off"},
        {E::kForceSync, "forced_sync from off"},
        {E::kForceQueue, "forced_queue from off"},
        {E::kVersionChanged, "draining"}}},
      {forced(S::kForcedSync, S::kCanary, 2),
       {{E::kAbort, "aborting"},
        {E::kForceQueue, "forced_queue from canary(2)"},
        {E::kRelease, "held canary(2)"},
        {E::kVersionChanged, "forced_sync from canary(2)"}}},
      {forced(S::kForcedSync, S::kFull),
       {{E::kAbort, "aborting"},
        {E::kForceQueue, "forced_queue from full"},
        {E::kRelease, "full"},
        {E::kVersionChanged, "forced_sync from full"}}},
      {forced(S::kForcedQueue, S::kOff),
       {{E::kAbort, "aborting"},
        {E::kForceSync, "forced_sync from off"},
        {E::kRelease, "aborting"},
        {E::kVersionChanged, "forced_queue from off"}}},
      {forced(S::kForcedQueue, S::kDark),
       {{E::kAbort, "aborting"},
        {E::kForceSync, "forced_sync from dark"},
        {E::kRelease, "dark"},
        {E::kVersionChanged, "forced_queue from dark"}}},
  };
}

TEST(Transition, IsWhatTheTableSaysForEachStateAndEvent) {
  for (const Row& row : table()) {
    for (std::size_t i = 0; i < kFlipEvents; ++i) {
      const E event = static_cast<E>(i);
      const std::string name = place(row.from) + " + " + std::string(event_name(event));
      const auto next = transition(row.from, input_of(event));
      const auto expected = row.to.find(event);
      if (expected == row.to.end()) {
        ASSERT_FALSE(next.ok()) << name << " -> " << place(*next);
        EXPECT_EQ(next.error().code, "flip_not_allowed") << name;
        continue;
      }
      ASSERT_TRUE(next.ok()) << name << ": " << next.error().message;
      EXPECT_EQ(place(*next), expected->second) << name;
      EXPECT_EQ(next->epoch, 8U) << name;
      EXPECT_TRUE(compare_and_set(row.from, *next).ok()) << name;
      EXPECT_EQ(parse_record(record_text(*next)).value(), *next) << name;
    }
  }
}

TEST(Transition, UpNeedsPreflightAndConvergence) {
  for (const Row& row : table()) {
    for (const auto& [event, expected] : row.to) {
      const FlipRecord next = transition(row.from, input_of(event)).value();
      // Steps of the way down, and what a person forces, wait for nothing.
      const bool never = event == E::kAbort || event == E::kAcknowledged || event == E::kDrained ||
                         event == E::kForceQueue || event == E::kVersionChanged;
      const bool up = is_lower(row.from, next) && !never;
      const std::string name = place(row.from) + " + " + std::string(event_name(event));
      TransitionInput unprepared = input_of(event);
      unprepared.preflight_passed = false;
      EXPECT_EQ(transition(row.from, unprepared).ok(), !up) << name;
      unprepared = input_of(event);
      unprepared.converged = false;
      EXPECT_EQ(transition(row.from, unprepared).ok(), !up && event != E::kAcknowledged) << name;
    }
  }
}

TEST(Transition, DarkGoesStraightToTheCanaryWhereThePlanHasNoShadow) {
  FlipRecord dark = record_in(S::kDark);
  dark.plan.shadow.enabled = false;
  EXPECT_EQ(place(transition(dark, input_of(E::kAdvance)).value()), "canary(0)");
}

TEST(Transition, ChangesTheSaltWithARolloutAnAbortAndAVersionOfTheCanary) {
  const auto salt = [](const FlipRecord& record, E event) {
    return transition(record, input_of(event)).value().salt;
  };
  EXPECT_EQ(salt(record_in(S::kOff), E::kStart), "r2");
  EXPECT_EQ(salt(record_in(S::kDark), E::kStart), "r2");
  EXPECT_EQ(salt(record_in(S::kCanary, 1), E::kAbort), "r2");
  EXPECT_EQ(salt(record_in(S::kCanary, 1), E::kVersionChanged), "r2");
  EXPECT_EQ(salt(record_in(S::kCanary, 1), E::kAdvance), "r1");
  EXPECT_EQ(salt(record_in(S::kCanary, 1), E::kHold), "r1");
  EXPECT_EQ(salt(record_in(S::kFull), E::kVersionChanged), "r1");
}

// A rolling deploy of a fleet that is wholly on the queue is on record and nothing else.
TEST(Transition, AChangeOfVersionLeavesFullAsItIs) {
  const FlipRecord full = record_in(S::kFull);
  const FlipRecord next = transition(full, input_of(E::kVersionChanged)).value();
  FlipRecord expected = full;
  expected.epoch = 8;
  expected.build = "new";
  EXPECT_EQ(next, expected);
}

TEST(Transition, AbortCoolsDownForTwiceAsLongEachTime) {
  FlipRecord record = record_in(S::kCanary, 1);
  std::vector<std::int64_t> minutes;
  for (int i = 0; i < 8; ++i) {
    record.state = S::kCanary;
    record.step = 1;
    record = transition(record, input_of(E::kAbort)).value();
    EXPECT_EQ(record.cool_down_until, input_of(E::kAbort).now + record.cool_down);
    minutes.push_back(record.cool_down.count() / 60'000);
  }
  EXPECT_THAT(minutes, ::testing::ElementsAre(30, 60, 120, 240, 480, 960, 1440, 1440));
}

TEST(Transition, StartWaitsForTheEndOfACoolDownUnlessAPersonSaysSo) {
  FlipRecord off = record_in(S::kOff);
  off.cool_down_until = input_of(E::kStart).now + std::chrono::milliseconds(1);
  EXPECT_EQ(transition(off, input_of(E::kStart)).error().code, "flip_cooling_down");
  TransitionInput overridden = input_of(E::kStart);
  overridden.cool_down_overridden = true;
  EXPECT_TRUE(transition(off, overridden).ok());
  off.cool_down_until = input_of(E::kStart).now;
  EXPECT_TRUE(transition(off, input_of(E::kStart)).ok());
}

TEST(Transition, StartTakesThePlanAndTheBuild) {
  TransitionInput input = input_of(E::kStart);
  input.plan = default_plan();
  input.plan->name = "quick";
  const FlipRecord next = transition(record_in(S::kOff), input).value();
  EXPECT_EQ(next.plan.name, "quick");
  EXPECT_EQ(next.build, "new");
  EXPECT_EQ(next.since, input.now);
  EXPECT_EQ(next.by, input.by);
  EXPECT_EQ(next.why, "a test");
}

TEST(Transition, CutsAReasonThatIsTooLongBetweenCharacters) {
  TransitionInput input = input_of(E::kHold);
  input.why = std::string(kMaxWhyBytes - 1, 'x') + "\xC3\xA9";
  const FlipRecord next = transition(record_in(S::kCanary, 1), input).value();
  EXPECT_EQ(next.why, std::string(kMaxWhyBytes - 1, 'x'));
}

}  // namespace
}  // namespace shunt::flip

#include "store/following.hpp"

#include <gtest/gtest.h>

#include "record_in.hpp"
#include "store/state_file.hpp"

namespace shunt::flip {
namespace {

using S = FlipState;

const FlipRecord kFirst = first_record(Strategy::kCanary, "s0", kNow);

FlipRecord at(S state, std::uint64_t epoch, std::chrono::milliseconds later = std::chrono::milliseconds(0)) {
  std::optional<Resting> before;
  if (is_forced(state)) before = Resting{S::kFull, 0};
  FlipRecord record = record_in(state, 0, before);
  record.epoch = epoch;
  record.since += later;
  return record;
}

struct Case {
  const char* what;
  std::optional<FlipRecord> stored;
  LocalRecord local;
  FollowStep step;
  S state;
  std::uint64_t epoch;
  std::string_view event = {};
};

TEST(FlipFollowing, Table) {
  const auto second = std::chrono::seconds(1);
  const std::vector<Case> cases{
      {"the same", at(S::kFull, 7), {at(S::kFull, 7)}, FollowStep::kKeep, S::kFull, 7},
      {"a later one", at(S::kFull, 8), {at(S::kDark, 7)}, FollowStep::kAdopt, S::kFull, 8},
      {"several later", at(S::kAborting, 12), {at(S::kFull, 7)}, FollowStep::kAdopt, S::kAborting, 12},
      {"nothing anywhere", {}, {kFirst, true}, FollowStep::kStore, S::kCanary, 1, "first record"},
      {"a wiped store", {}, {at(S::kForcedSync, 7)}, FollowStep::kStore, S::kForcedSync, 7, "restored"},
      {"a wiped store, changed here",
       {},
       {at(S::kForcedSync, 7), false, true},
       FollowStep::kStore,
       S::kForcedSync,
       7,
       "merged"},
      {"provisional", at(S::kFull, 3), {at(S::kDark, 9), true}, FollowStep::kAdopt, S::kFull, 3},
      {"lower here, unmerged",
       at(S::kFull, 9),
       {at(S::kForcedSync, 8), false, true},
       FollowStep::kStore,
       S::kForcedSync,
       10,
       "merged"},
      {"higher here, unmerged",
       at(S::kOff, 9),
       {at(S::kAborting, 8), false, true},
       FollowStep::kStore,
       S::kAborting,
       10,
       "merged"},
      {"stored is lower, unmerged",
       at(S::kForcedSync, 9),
       {at(S::kAborting, 8), false, true},
       FollowStep::kAdopt,
       S::kForcedSync,
       9},
      {"lost by a failover, lower here",
       at(S::kFull, 6),
       {at(S::kAborting, 7, second)},
       FollowStep::kStore,
       S::kAborting,
       8,
       "merged"},
      {"lost by a failover, higher here",
       at(S::kDark, 6),
       {at(S::kFull, 7, second)},
       FollowStep::kAdopt,
       S::kDark,
       6},
      {"two of one epoch",
       at(S::kFull, 7),
       {at(S::kAborting, 7, second)},
       FollowStep::kStore,
       S::kAborting,
       8,
       "merged"},
      {"a store that began anew since",
       at(S::kFull, 2, second),
       {at(S::kDark, 40)},
       FollowStep::kAdopt,
       S::kFull,
       2},
  };
  for (const Case& each : cases) {
    const Following following = follow(each.stored, each.local, kFirst);
    EXPECT_EQ(following.step, each.step) << each.what;
    EXPECT_EQ(following.record.state, each.state) << each.what;
    EXPECT_EQ(following.record.epoch, each.epoch) << each.what;
    EXPECT_EQ(following.event, each.event) << each.what;
  }
}

// Whatever the store and a process have of one history, what comes of it is no higher than the store.
TEST(FlipFollowing, NothingThatWasChangedHereRaisesAFleet) {
  for (std::size_t a = 0; a < kFlipStates; ++a) {
    for (std::size_t b = 0; b < kFlipStates; ++b) {
      const auto make = [](std::size_t state, std::uint64_t epoch) {
        return static_cast<S>(state) == S::kHeld ? record_in(S::kHeld, 0, Resting{S::kCanary, 1})
                                                 : at(static_cast<S>(state), epoch);
      };
      const FlipRecord stored = make(a, 7);
      const Following following = follow(stored, {make(b, 8), false, true}, kFirst);
      EXPECT_FALSE(is_lower(stored, following.record)) << a << ' ' << b;
    }
  }
}

TEST(FlipStateFile, ReadsBackWhatItWrote) {
  const KeptRecord kept{at(S::kForcedSync, 7), true};
  const auto read = parse_kept(kept_text(kept));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, kept);
}

TEST(FlipStateFile, RefusesWhatItDidNotWrite) {
  const std::string good = kept_text({at(S::kFull, 7), false});
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{\"v\":2}"), good.substr(0, good.size() / 2),
        good + good, R"({"v":1,"unmerged":1,"record":{}})" + std::string(),
        std::string(kMaxRecordBytes * 2, ' '),
        R"({"v":1,"unmerged":false,"more":1,"record":)" + record_text(at(S::kFull, 7)) + "}"}) {
    EXPECT_FALSE(parse_kept(text).ok()) << text.substr(0, 60);
  }
}

}  // namespace
}  // namespace shunt::flip

#include "shunt/flip/record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "unit/flip/record_in.hpp"

namespace shunt::flip {
namespace {

std::vector<FlipRecord> one_of_each() {
  return {record_in(FlipState::kForcedSync, 0, Resting{FlipState::kFull, 0}),
          record_in(FlipState::kAborting),
          record_in(FlipState::kDraining),
          record_in(FlipState::kOff),
          record_in(FlipState::kDark),
          record_in(FlipState::kHeld, 0, Resting{FlipState::kShadow, 0}),
          record_in(FlipState::kShadow),
          record_in(FlipState::kHeld, 0, Resting{FlipState::kCanary, 0}),
          record_in(FlipState::kCanary, 0),
          record_in(FlipState::kCanary, 1),
          record_in(FlipState::kHeld, 0, Resting{FlipState::kCanary, 4}),
          record_in(FlipState::kCanary, 4),
          record_in(FlipState::kFull),
          record_in(FlipState::kForcedQueue, 0, Resting{FlipState::kCanary, 2})};
}

TEST(FlipRecord, OfEachStateComesBackFromItsText) {
  for (FlipRecord record : one_of_each()) {
    record.by = {ActorKind::kPerson, "ann"};
    record.why = "because \"it\" was time";
    record.cool_down_until = kNow + std::chrono::hours(1);
    record.cool_down = std::chrono::hours(1);
    const auto again = parse_record(record_text(record));
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(*again, record);
  }
}

TEST(FlipRecord, WithTheLargestPlanStaysWithinItsBound) {
  FlipRecord record = record_in(FlipState::kCanary, 1);
  record.plan.name.assign(kMaxNameBytes, '"');
  record.plan.allow.assign(kMaxListed, std::string(kMaxKeyBytes, '"'));
  record.plan.deny = record.plan.allow;
  record.why.assign(kMaxWhyBytes, '\\');
  const std::string text = record_text(record);
  EXPECT_LT(text.size(), kMaxRecordBytes);
  EXPECT_TRUE(parse_record(text).ok());
}

struct Lie {
  std::string_view instead_of;
  std::string_view lie;
};

class FlipRecordLie : public ::testing::TestWithParam<Lie> {};

TEST_P(FlipRecordLie, IsRefused) {
  std::string text = record_text(record_in(FlipState::kCanary, 1));
  const std::size_t at = text.find(GetParam().instead_of);
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at, GetParam().instead_of.size(), GetParam().lie);
  const auto record = parse_record(text);
  ASSERT_FALSE(record.ok()) << text;
  EXPECT_THAT(record.error().code.to_string(), ::testing::AnyOf("invalid_flip_record", "invalid_plan"));
}

INSTANTIATE_TEST_SUITE_P(
    , FlipRecordLie,
    ::testing::Values(Lie{R"("v":1)", R"("v":2)"}, Lie{R"("v":1,)", ""}, Lie{R"("epoch":7)", R"("epoch":0)"},
                      Lie{R"("epoch":7)", R"("epoch":-7)"},
                      Lie{R"("epoch":7)", R"("epoch":9007199254740991)"},
                      Lie{R"("epoch":7)", R"("epoch":"7")"}, Lie{R"("canary")", R"("canari")"},
                      Lie{R"("canary")", R"("full")"}, Lie{R"("canary")", R"("held")"},
                      Lie{R"("canary")", R"("forced_queue")"}, Lie{R"("step":1)", R"("step":5)"},
                      Lie{R"("step":1)", R"("step":1.0)"}, Lie{R"("salt":"r1")", R"("salt":"")"},
                      Lie{R"("salt":"r1")", R"("salt":"r:1")"},
                      Lie{R"("salt":"r1")", R"("salt":"012345678901234567890123456789012")"},
                      Lie{R"("since":"2025)", R"("since":"25)"}, Lie{R"("configuration")", R"("nobody")"},
                      Lie{R"("epoch":7)", R"("epoch":7,"weight":1)"},
                      Lie{R"("epoch":7)", R"("epoch":7,"before":{"state":"canary"})"},
                      Lie{R"("tick":"1m")", R"("tick":"1y")"}, Lie{R"("tick":"1m")", R"("tock":"1m")"},
                      Lie{R"("name":"default")", R"("name":7)"}, Lie{R"({"v")", R"([{"v")"}));

TEST(FlipRecord, HeldOrForcedSaysFromWhere) {
  for (const FlipState wrong : {FlipState::kHeld, FlipState::kAborting, FlipState::kForcedQueue}) {
    EXPECT_FALSE(parse_record(record_text(record_in(FlipState::kForcedSync, 0, Resting{wrong, 0}))).ok());
  }
  EXPECT_FALSE(parse_record(record_text(record_in(FlipState::kHeld, 0, Resting{FlipState::kFull, 0}))).ok());
  EXPECT_FALSE(
      parse_record(record_text(record_in(FlipState::kHeld, 0, Resting{FlipState::kCanary, 9}))).ok());
  EXPECT_FALSE(
      parse_record(record_text(record_in(FlipState::kCanary, 1, Resting{FlipState::kCanary, 1}))).ok());
}

TEST(FlipRecord, ThatIsTooLongOrNoObjectIsRefused) {
  EXPECT_FALSE(parse_record(std::string(kMaxRecordBytes + 1, ' ')).ok());
  for (const std::string_view text : {"", "null", "[]", "7", "{", "{}"})
    EXPECT_FALSE(parse_record(text).ok()) << text;
}

TEST(FlipRecord, IsLowerThanAllThatSendMoreThroughTheQueue) {
  const auto records = one_of_each();
  for (std::size_t a = 0; a < records.size(); ++a) {
    for (std::size_t b = 0; b < records.size(); ++b) {
      EXPECT_EQ(is_lower(records[a], records[b]), a < b) << a << ' ' << b;
      EXPECT_LE(weight_of(records[std::min(a, b)]), weight_of(records[std::max(a, b)]));
    }
  }
}

TEST(FirstRecord, BeginsWhereTheSettingSays) {
  EXPECT_EQ(first_record(Strategy::kQueue, "r1", kNow).state, FlipState::kFull);
  EXPECT_EQ(first_record(Strategy::kSync, "r1", kNow).state, FlipState::kDark);
  EXPECT_EQ(first_record(Strategy::kShadow, "r1", kNow).state, FlipState::kShadow);
  const FlipRecord canary = first_record(Strategy::kCanary, "r1", kNow);
  EXPECT_EQ(canary.state, FlipState::kCanary);
  EXPECT_EQ(weight_of(canary), Weight::percent(1));
}

TEST(CompareAndSet, TakesOnlyWhatWasMadeFromWhatIsThere) {
  const FlipRecord stored = record_in(FlipState::kCanary, 1);
  FlipRecord next = stored;
  next.epoch = 8;
  EXPECT_EQ(compare_and_set(stored, next).value(), next);
  for (const std::uint64_t epoch : {6U, 7U, 9U}) {
    next.epoch = epoch;
    const auto outcome = compare_and_set(stored, next);
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().code, "flip_stale_epoch");
    EXPECT_EQ(outcome.error().details.at("epoch"), Json(7));
  }
}

TEST(CompareAndSet, LetsOneOfTwoControllersWin) {
  FlipRecord stored = record_in(FlipState::kCanary, 1);
  FlipRecord up = stored;
  up.epoch = 8;
  up.step = 2;
  FlipRecord down = stored;
  down.epoch = 8;
  down.state = FlipState::kAborting;
  down.step = 0;
  stored = compare_and_set(stored, down).value();
  EXPECT_FALSE(compare_and_set(stored, up).ok());
  EXPECT_EQ(stored.state, FlipState::kAborting);
}

TEST(Merge, IsTheLowerOfTheTwoAsAChangeOfTheStoredOne) {
  const auto records = one_of_each();
  for (const FlipRecord& stored : records) {
    for (FlipRecord local : records) {
      local.epoch = 12;
      const auto merged = merge(stored, local);
      ASSERT_EQ(merged.has_value(), is_lower(local, stored));
      if (!merged) continue;
      EXPECT_EQ(merged->state, local.state);
      EXPECT_EQ(merged->epoch, 13U);
      EXPECT_TRUE(parse_record(record_text(*merged)).ok())
          << parse_record(record_text(*merged)).error().message;
    }
  }
}

// A process forced itself to sync while the fleet it knew was in full; the fleet was taken back meanwhile.
TEST(Merge, ReleasesToNothingHigherThanWhatTheFleetCameTo) {
  const FlipRecord local = record_in(FlipState::kForcedSync, 0, Resting{FlipState::kFull, 0});
  struct Case {
    FlipRecord stored;
    Resting before;
  };
  const std::vector<Case> cases{{record_in(FlipState::kCanary, 1), {FlipState::kCanary, 1}},
                                {record_in(FlipState::kDraining), {FlipState::kOff, 0}},
                                {record_in(FlipState::kOff), {FlipState::kOff, 0}},
                                {record_in(FlipState::kFull), {FlipState::kFull, 0}}};
  for (const Case& c : cases)
    EXPECT_EQ(merge(c.stored, local)->before, c.before) << state_name(c.stored.state);
}

TEST(StartingRecord, IsNeverHigherThanTheRecordedOne) {
  const FlipRecord full = first_record(Strategy::kQueue, "r1", kNow);
  const FlipRecord canary = first_record(Strategy::kCanary, "r1", kNow);
  for (const FlipRecord& recorded : one_of_each()) {
    EXPECT_EQ(starting_record({true, recorded}, full, full), recorded)
        << "the store's holds over disk and setting";
    EXPECT_EQ(starting_record({false, {}}, recorded, full), recorded) << "without the store the disk's holds";
    EXPECT_EQ(starting_record({true, {}}, recorded, full), recorded)
        << "a store that was wiped forgets nothing";
  }
  EXPECT_EQ(starting_record({true, {}}, {}, canary), canary);
  EXPECT_EQ(starting_record({false, {}}, {}, canary).state, FlipState::kDark);
  EXPECT_EQ(starting_record({false, {}}, {}, full), full) << "as it was before there was a flip";
}

}  // namespace
}  // namespace shunt::flip

#include "store/fleet_reports.hpp"

#include <gmock/gmock.h>

#include "fleet/end_counts.hpp"
#include "fleet/fleet_figures.hpp"
#include "fleet/record_changes.hpp"
#include "fleet/what_next.hpp"
#include "record_in.hpp"

namespace shunt::flip {
namespace {

using S = FlipState;
using namespace std::chrono_literals;

TEST(FlipReports, ReadBackWhatTheyWrote) {
  const ApiProcess process{"api-1", "host", 42, 7, "1.2.3", "b1", kNow};
  const auto lease = parse_lease(lease_text(process));
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->epoch, 7U);
  EXPECT_EQ(lease->host, "host");
  EXPECT_EQ(lease->started_at, kNow);

  ProcessCounts counts;
  counts.canary = {.jobs = 12, .errors = 3, .total = {}};
  counts.canary.total.add(5, 7);
  counts.canary.total.add(LatencyHistogram::kBuckets - 1, 1);
  counts.not_judged_control = 4;
  counts.admitted = 99;
  counts.ended = 40;
  counts.queued = 20;
  counts.mismatches = 1;
  counts.doubles = 2;
  counts.lost = 3;
  EXPECT_EQ(parse_counts(counts_text(counts)), counts);
  EXPECT_EQ(parse_counts(counts_text({})), ProcessCounts{});

  KeptTick tick;
  tick.report = {.process = "api-1",
                 .at = kNow,
                 .epoch = 7,
                 .progress = {},
                 .verdict = {},
                 .alert = "a guard",
                 .silent = {"b"},
                 .jobs_seen = 0.25};
  tick.report.progress = {.epoch = 7, .clock = 90s, .slow_bucket = 33, .no_data = 1, .late = 2};
  tick.report.verdict.outcome = Outcome::kTooSmall;
  tick.report.verdict.why = "too few";
  tick.report.verdict.canary.jobs = 5;
  tick.report.verdict.z_errors = 1.5;
  tick.report.verdict.rise_errors = 0.02;
  tick.evictions = 3;
  tick.probes_in_a_row = 17;
  const auto read = parse_tick(tick_text(tick));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->report.progress, tick.report.progress);
  EXPECT_EQ(read->report.verdict.outcome, Outcome::kTooSmall);
  EXPECT_EQ(read->report.verdict.canary.jobs, 5U);
  EXPECT_EQ(read->report.verdict.rise_errors, 0.02);
  EXPECT_EQ(read->report.jobs_seen, 0.25);
  EXPECT_EQ(read->probes_in_a_row, 17U);
  EXPECT_LT(tick_text(tick).size(), kMaxReportBytes);
}

TEST(FlipReports, ACountOfEverythingFitsItsBound) {
  ProcessCounts counts;
  for (SideFigures* side : {&counts.canary, &counts.control}) {
    for (std::size_t bucket = 0; bucket < LatencyHistogram::kBuckets; ++bucket)
      side->total.add(bucket, 999'999'999'999);
    side->jobs = side->total.total();
  }
  EXPECT_LT(counts_text(counts).size(), kMaxReportBytes);
  EXPECT_EQ(parse_counts(counts_text(counts)), counts);
}

TEST(FlipReports, LiesAreBoundedAndNeverThrow) {
  EXPECT_FALSE(parse_lease("{}"));
  EXPECT_FALSE(parse_lease("[1]"));
  EXPECT_FALSE(parse_lease(R"({"process":")" + std::string(20'000, 'x') + R"("})"));
  EXPECT_EQ(parse_lease(R"({"process":"a\u001b[31m","epoch":-5,"pid":"x"})")->process, "a [31m");
  const auto counts = parse_counts(
      R"({"canary":{"jobs":1,"errors":99,"ms":[[-1,5],[9999,5],[3],["x",1],[4,-2],[5,6]]},"ended":1,"queued":7})");
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->canary.errors, 1U);
  EXPECT_EQ(counts->canary.total.total(), 6U);
  EXPECT_EQ(counts->queued, 1U);
  EXPECT_FALSE(parse_tick(R"({"epoch":0})"));
  EXPECT_TRUE(parse_tick(
      R"({"epoch":1,"progress":{"clock_ms":-1,"slow_bucket":100000},"verdict":[],"silent":[1,"a"]})"));
}

TEST(FlipReports, TheShadowOfAProcessIsReadBackAndBounded) {
  ShadowCounts shadow;
  shadow.sampled = 50;
  shadow.compared.at(0) = 40;
  shadow.compared.at(2) = 3;
  shadow.noise_compared = 5;
  shadow.noise_mismatches = 1;
  shadow.dropped = {{"busy", 6}, {"no_worker", 1}};
  ProcessCounts counts;
  put_shadow(counts, shadow);
  EXPECT_EQ(counts.comparisons, 43U);
  EXPECT_EQ(counts.mismatches, 3U);
  const auto read = parse_counts(counts_text(counts));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, counts);
  ShadowCounts sum = shadow;
  add_shadow(sum, *read);
  EXPECT_EQ(sum.sampled, 100U);
  EXPECT_EQ(sum.made(), 86U);
  EXPECT_EQ(sum.noise_mismatches, 2U);
  EXPECT_EQ(sum.dropped.at("busy"), 12U);
  const auto lie = parse_counts(
      R"({"shadow":{"equal":-1,"noise_compared":1,"noise_mismatches":9,"dropped":{"no code!":5,"busy":"x"}}})");
  ASSERT_TRUE(lie);
  EXPECT_EQ(lie->compared.at(0), 0U);
  EXPECT_EQ(lie->noise_mismatches, 1U);
  EXPECT_EQ(lie->dropped, (std::map<std::string, std::uint64_t>{{"busy", 0}}));
  for (int i = 0; i < 100; ++i) counts.dropped["why_" + std::to_string(i)] = 1;
  EXPECT_EQ(parse_counts(counts_text(counts))->dropped.size(), kMostDropReasons);
}

class EndOf : public ::testing::Test {
 protected:
  void end(std::string executor, std::string reason, std::uint64_t epoch, std::optional<std::uint32_t> bucket,
           GenerationState state = GenerationState::kSucceeded, std::string_view code = "") {
    const Admission admission{std::move(executor), std::move(reason), epoch, bucket, "s1"};
    ends_.ended({.id = "gen_1",
                 .model = "m",
                 .path = admission.executor,
                 .state = state,
                 .error_code = code,
                 .waited = 10ms,
                 .ran = 90ms,
                 .admission = admission});
  }
  EndCounts ends_;
};

TEST_F(EndOf, CountsThoseWhomTheirBucketPlaced) {
  ends_.begin_epoch(7, Weight::percent(10));
  end("queue", "split", 7, 999);
  end("queue", "split", 7, 500, GenerationState::kFailed, "worker_lost");
  end("queue", "split", 7, 500, GenerationState::kCancelled);
  end("sync", "split", 7, 9'000);
  end("sync", "split", 7, 5'000);             // on no side
  end("queue", "override", 7, std::nullopt);  // nobody's bucket
  end("queue", "split_not_sticky", 7, 10);
  end("sync", "split", 6, 9'999);  // of an epoch that this process never acted on
  const ProcessCounts counts = ends_.of(7);
  EXPECT_EQ(counts.canary.jobs, 2U);
  EXPECT_EQ(counts.canary.errors, 1U);
  EXPECT_EQ(counts.not_judged_canary, 1U);
  EXPECT_EQ(counts.control.jobs, 1U);
  EXPECT_EQ(counts.control.total.count(LatencyHistogram::bucket_of(100ms)), 1U);
  EXPECT_EQ(counts.ended, 7U);
  EXPECT_EQ(counts.queued, 5U);
}

TEST_F(EndOf, OldEpochsAreForgottenTheNewestIsNot) {
  for (std::uint64_t epoch = 10; epoch < 50; ++epoch) ends_.begin_epoch(epoch, Weight::percent(10));
  // A merge comes back to a lower epoch now and then.
  ends_.begin_epoch(3, Weight::percent(50));
  end("queue", "split", 3, 100);
  end("queue", "split", 49, 100);
  end("queue", "split", 12, 100);
  EXPECT_EQ(ends_.of(3).canary.jobs, 1U);
  EXPECT_EQ(ends_.of(49).canary.jobs, 1U);
  EXPECT_EQ(ends_.of(12).ended, 0U);
}

FleetLook look_of(std::vector<std::pair<std::string, std::uint64_t>> reports, std::uint64_t admitted = 0) {
  FleetLook look;
  for (const auto& [name, number] : reports) {
    ApiProcess process;
    process.process = name;
    process.epoch = 7;
    look.processes.push_back(process);
    if (number == 0) continue;
    ProcessCounts counts;
    counts.admitted = admitted;
    counts.canary.jobs = 5;
    counts.ended = 10;
    counts.queued = 5;
    look.counted.push_back({name, number, counts});
  }
  return look;
}

TEST(FlipFigures, NamesWhoHasNotReported) {
  ReportWatch watch;
  for (std::uint64_t tick = 1; tick < 3; ++tick) {
    EXPECT_THAT(watch.look(look_of({{"a", tick}, {"b", 0}}), 7).silent, ::testing::IsEmpty());
  }
  EXPECT_THAT(watch.look(look_of({{"a", 3}, {"b", 0}}), 7).silent, ::testing::ElementsAre("b"));
  EXPECT_THAT(watch.look(look_of({{"a", 4}, {"b", 1}}), 7).silent, ::testing::IsEmpty());
  for (int tick = 0; tick < 2; ++tick) (void)watch.look(look_of({{"a", 4}, {"b", 2}}), 7);
  EXPECT_THAT(watch.look(look_of({{"a", 4}, {"b", 3}}), 7).silent, ::testing::ElementsAre("a"));
  EXPECT_THAT(watch.look(look_of({{"a", 4}, {"b", 4}}), 8).silent, ::testing::IsEmpty()) << "a new epoch";
}

TEST(FlipFigures, TrafficIsWhatWasAdmittedSinceTheLookBefore) {
  ReportWatch watch;
  EXPECT_FALSE(watch.look(look_of({{"a", 1}}, 500), 7).traffic) << "it is not known when";
  EXPECT_FALSE(watch.look(look_of({{"a", 2}}, 500), 7).traffic);
  EXPECT_TRUE(watch.look(look_of({{"a", 3}}, 501), 7).traffic);
}

TEST(FlipFigures, SumsCountsAndTheShareThatWasSeen) {
  const FleetCounts counts = sum_of(look_of({{"a", 1}, {"b", 1}}).counted);
  EXPECT_EQ(counts.sum.canary.jobs, 10U);
  EXPECT_EQ(counts.jobs_seen, 0.5);
  EXPECT_EQ(sum_of({}).jobs_seen, std::nullopt);
}

TEST(FlipFigures, ABuildIsKnownWhenEverybodyHasTheSame) {
  ApiProcess a;
  a.build = "1.0/m1";
  ApiProcess b = a;
  QueueFacts queue;
  queue.workers_version = "1.0";
  EXPECT_EQ(build_of({a, b}, queue).build, "1.0/m1 workers 1.0");
  b.build = "1.1/m1";
  EXPECT_TRUE(build_of({a, b}, queue).mixed);
  EXPECT_EQ(build_of({a, b}, queue).build, "");
  EXPECT_EQ(build_of({a}, std::nullopt).build, "");
  queue.workers_version = "";
  EXPECT_FALSE(build_of({a}, queue).mixed);
  EXPECT_EQ(build_of({a}, queue).build, "") << "no worker is there, which is no other build";
}

TEST(FlipWords, SayWhatLeadsBack) {
  const auto undo = [](const FlipRecord& before, const FlipRecord& after) { return undo_of(before, after); };
  const FlipRecord canary = record_in(S::kCanary, 1);
  const FlipRecord held = record_in(S::kHeld, 0, Resting{S::kCanary, 1});
  EXPECT_EQ(undo(record_in(S::kOff), record_in(S::kDark)), "shunt flip abort");
  EXPECT_EQ(undo(record_in(S::kCanary, 0), canary), "shunt flip back");
  EXPECT_EQ(undo(canary, record_in(S::kCanary, 0)), "shunt flip promote");
  EXPECT_EQ(undo(canary, held), "shunt flip resume");
  EXPECT_EQ(undo(held, canary), "shunt flip hold");
  EXPECT_EQ(undo(canary, record_in(S::kAborting)), "shunt flip start --override cool_down");
  EXPECT_EQ(undo(record_in(S::kFull), record_in(S::kForcedSync, 0, Resting{S::kFull, 0})),
            "shunt flip release");
}

TEST(FlipWords, SayWhatHappensNextAndWhen) {
  TickReport tick;
  tick.epoch = 7;
  tick.progress.clock = 40min;
  tick.verdict.why = "40m of 1h";
  const WhatNext canary = what_next(record_in(S::kCanary, 1), tick, kNow);
  EXPECT_EQ(canary.text, "canary 10%, step 3 of 5, when the gate is passed: 40m of 1h");
  EXPECT_EQ(canary.not_before, kNow + 20min);
  tick.epoch = 6;
  EXPECT_EQ(what_next(record_in(S::kCanary, 4), tick, kNow).text,
            "full, when the gate is passed: the controller has not looked at it yet");
  FlipRecord off = record_in(S::kOff);
  off.cool_down_until = kNow + 1min;
  EXPECT_EQ(what_next(off, std::nullopt, kNow).not_before, off.cool_down_until);
  EXPECT_EQ(what_next(off, std::nullopt, kNow).undo, "shunt flip start --override cool_down");
  EXPECT_EQ(what_next(off, std::nullopt, kNow + 1min).undo, "shunt flip start");
  for (const FlipState state : {S::kAborting, S::kDraining}) {
    FlipRecord leaving = record_in(state);
    EXPECT_EQ(what_next(leaving, std::nullopt, kNow).undo, "shunt flip start, once it is off");
    leaving.cool_down_until = kNow + 1min;
    EXPECT_EQ(what_next(leaving, std::nullopt, kNow).undo,
              "shunt flip start --override cool_down, once it is off");
  }
  EXPECT_EQ(what_next(record_in(S::kForcedSync, 0, Resting{S::kFull, 0}), std::nullopt, kNow).undo,
            "shunt flip release");
}

}  // namespace
}  // namespace shunt::flip

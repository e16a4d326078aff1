// The controller's loop over a fleet of processes with a real Redis: leases, figures, ticks and events.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "integration/flip/flip_fleet.hpp"
#include "shunt/flip/bucket.hpp"
#include "shunt/flip/weight.hpp"
#include "store/fleet_reports.hpp"

namespace shunt::flip {
namespace {

class FlipController : public FlipFleet {
 protected:
  FlipControlOptions ticking(const std::string& name, std::chrono::milliseconds tick = 100ms) {
    FlipControlOptions made = options(name);
    made.tick = tick;
    return made;
  }
  // A plan of one step of 50 %, judged by errors.
  static Plan one_step() {
    Plan plan = short_plan();
    plan.steps = {{.weight = Weight::percent(50),
                   .least_time = 0ms,
                   .least_jobs = 100,
                   .judge_errors = true,
                   .judge_latency = false}};
    return plan;
  }
  void put(FlipState state, const Plan& plan) {
    FlipRecord record = first_record(Strategy::kSync, "s1", system_clock().now());
    record.epoch = 3;
    record.state = state;
    record.plan = plan;
    redis_({"HSET", key("record"), "epoch", "3", "text", record_text(record), "seq", "0", "hash", ""});
  }
  // Ends of generations, as this member's executors would tell of them. The canary fails this often.
  static void end_some(Member& member, int count, int canary_fails_each) {
    executor::ExecutorObserver& figures = member.control().figures();
    const std::uint64_t epoch = member.epoch();
    for (int i = 0; i < count; ++i) {
      const bool canary = i % 2 == 0;
      const bool fails = canary && canary_fails_each > 0 && (i / 2) % canary_fails_each == 0;
      const Admission admission{canary ? "queue" : "sync", "split", epoch,
                                canary ? std::uint32_t{10} : std::uint32_t{9'990}, "s1"};
      figures.submitted({.model = "m", .path = admission.executor});
      figures.ended({.id = "gen_1",
                     .model = "m",
                     .path = admission.executor,
                     .state = fails ? GenerationState::kFailed : GenerationState::kSucceeded,
                     .error_code = fails ? "generator_failed" : "",
                     .waited = 1ms,
                     .ran = 100ms,
                     .admission = admission});
    }
  }
  static int controllers(const std::vector<Member*>& members) {
    int holders = 0;
    for (Member* member : members) holders += member->control().view().controls ? 1 : 0;
    return holders;
  }
};

TEST_F(FlipController, SumsTheFiguresOfAllProcessesAndClimbs) {
  put(FlipState::kCanary, one_step());
  Member a(ticking("a"));
  Member b(ticking("b"));
  // Neither has enough by itself.
  EXPECT_TRUE(eventually([&] {
    if (a.state() == FlipState::kCanary) {
      end_some(a, 10, 0);
      end_some(b, 10, 0);
    }
    return a.state() == FlipState::kFull && b.state() == FlipState::kFull;
  }));
  const auto log = a.log();
  ASSERT_TRUE(log.ok());
  const AuditEntry& entry = log->entries.back();
  EXPECT_EQ(entry.event, "advance");
  EXPECT_EQ(entry.by.kind, ActorKind::kController);
  EXPECT_GE(entry.verdict.at("canary").at("jobs").to_number<std::int64_t>(), 100);
}

TEST_F(FlipController, TakesBackACanaryThatFails) {
  put(FlipState::kCanary, one_step());
  Member a(ticking("a"));
  Member b(ticking("b"));
  for (Member* member : {&a, &b}) end_some(*member, 400, 4);
  ASSERT_TRUE(eventually([&] { return a.state() == FlipState::kOff && b.state() == FlipState::kOff; }))
      << "aborting, draining, off: nothing is in flight";
  const FlipStatus status = b.status();
  EXPECT_GT(status.record.cool_down_until, WallTime{});
  const auto log = b.log();
  ASSERT_TRUE(log.ok());
  std::vector<std::string> events;
  for (const AuditEntry& entry : log->entries) events.push_back(entry.event);
  EXPECT_THAT(events, ::testing::ElementsAre("abort", "acknowledged", "drained"));
  EXPECT_THAT(log->entries[0].why, ::testing::HasSubstr("errors"));
  EXPECT_GT(log->entries[0].verdict.at("z_errors").to_number<double>(), 3.5);
}

TEST_F(FlipController, TakesBackACanaryAtTheFirstDoubleAndTheFirstLostGeneration) {
  for (const bool lost : {false, true}) {
    redis_({"FLUSHALL"});
    Plan plan = one_step();
    plan.steps[0].least_time = 1h;
    put(FlipState::kCanary, plan);
    Member a(ticking(lost ? "a1" : "a2"));
    Member b(ticking(lost ? "b1" : "b2"));
    ASSERT_TRUE(eventually([&] { return a.control().view().ticks + b.control().view().ticks > 2; }));
    EXPECT_EQ(a.state(), FlipState::kCanary);
    executor::ExecutorObserver& figures = b.control().figures();
    if (lost) {
      const Admission admission{"queue", "allowed", b.epoch(), std::nullopt, "s1"};
      figures.ended({.id = "gen_1",
                     .model = "m",
                     .path = "queue",
                     .state = GenerationState::kFailed,
                     .error_code = "worker_lost",
                     .waited = 1ms,
                     .ran = 1ms,
                     .admission = admission});
    } else {
      figures.registry(executor::ExecutorObserver::Registry::kInterrupted);
      figures.registry(executor::ExecutorObserver::Registry::kDouble);
    }
    ASSERT_TRUE(eventually([&] { return a.state() == FlipState::kOff; }));
    const auto log = a.log();
    ASSERT_TRUE(log.ok());
    const AuditEntry& abort = log->entries.front();
    EXPECT_EQ(abort.event, "abort");
    EXPECT_EQ(abort.why, lost ? "accepted generations were lost: 1" : "generations ran twice: 1");
  }
}

TEST_F(FlipController, AnAbortComesToItsEndWithoutATick) {
  put(FlipState::kFull, one_step());
  Member a(options("a"));
  Member b(options("b"));
  ASSERT_TRUE(eventually([&] { return controllers({&a, &b}) == 1; }));
  ASSERT_TRUE(a.apply(FlipEvent::kAbort).ok());
  EXPECT_TRUE(eventually([&] { return a.state() == FlipState::kOff && b.state() == FlipState::kOff; }));
  EXPECT_EQ(a.control().view().ticks + b.control().view().ticks, 0U);
}

// A process that was stopped has not acknowledged it, and may still send work to the queue.
TEST_F(FlipController, AnAbortWaitsForAProcessThatHasNotAcknowledgedIt) {
  put(FlipState::kFull, one_step());
  FlipControlOptions impatient = options("a");
  impatient.acknowledge_wait = 200ms;
  Member a(std::move(impatient));
  ASSERT_TRUE(eventually([&] { return a.control().view().controls; }));
  ApiProcess stopped{.process = "stopped", .host = "h", .pid = 1, .epoch = 3, .version = "", .build = ""};
  redis_({"SADD", key("apis"), "stopped"});
  redis_({"SET", key("api:stopped"), lease_text(stopped), "PX", "3600000"});
  ASSERT_TRUE(a.apply(FlipEvent::kAbort).ok());
  EXPECT_EQ(a.state(), FlipState::kAborting);
  // As Redis does it once the lease has run out.
  redis_({"DEL", key("api:stopped")});
  EXPECT_TRUE(eventually([&] { return a.state() == FlipState::kOff; })) << "its lease has run out";
}

TEST_F(FlipController, WhatWasSeenIsToldBeforeTheFirstTick) {
  put(FlipState::kCanary, one_step());
  Member a(options("a"));
  EXPECT_FALSE(a.status().seen) << "nothing has ended";
  end_some(a, 10, 0);
  EXPECT_EQ(a.status().seen, 0.5);
}

TEST_F(FlipController, TheShadowsOfAllProcessesAreSummedUp) {
  put(FlipState::kShadow, one_step());
  const auto comparing = [&](const std::string& name, std::uint64_t equal, std::uint64_t epoch) {
    FlipControlOptions made = ticking(name);
    made.shadow = [equal, epoch] {
      ShadowCounts counts;
      counts.epoch = epoch;
      counts.sampled = equal + 1;
      counts.compared.at(0) = equal;
      counts.dropped["busy"] = 1;
      return counts;
    };
    return made;
  };
  Member a(comparing("a", 7, 3));
  Member b(comparing("b", 20, 3));
  Member late(comparing("late", 1'000, 2));
  const auto told = [&] {
    std::promise<FleetShadow> promise;
    a.control().shadow_counts([&](FleetShadow sum) { promise.set_value(std::move(sum)); });
    return promise.get_future().get();
  };
  ASSERT_TRUE(eventually([&] { return told().processes == 3; }));
  const FleetShadow sum = told();
  EXPECT_EQ(sum.counts.epoch, 3U);
  EXPECT_EQ(sum.counts.made(), 27U) << "what is of another epoch is not summed up";
  EXPECT_EQ(sum.counts.sampled, 29U);
  EXPECT_EQ(sum.counts.dropped.at("busy"), 2U);
  redis_.kill();
  ASSERT_TRUE(eventually([&] { return a.control().view().store_unreadable_for > 0ms; }));
  EXPECT_EQ(told().counts.made(), 7U) << "its own";
}

// A server that is full gives the lease to nobody: then each process takes itself out of the rollout.
TEST_F(FlipController, ARolloutThatNobodyDrivesSendsNothingToTheQueue) {
  Plan plan = one_step();
  plan.guards.store_unreadable = 1s;
  put(FlipState::kCanary, plan);
  Member a(options("a"));
  ASSERT_TRUE(eventually([&] { return a.control().view().controls; }));
  redis_({"CONFIG", "SET", "maxmemory", "1"});
  redis_({"DEL", key("controller")});
  EXPECT_TRUE(eventually([&] { return a.control().view().blind; }));
  EXPECT_FALSE(a.control().view().controls);
  EXPECT_EQ(a.control().view().store_unreadable_for, 0ms);
  EXPECT_TRUE(a.snapshot()->is_blind());
  redis_({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(eventually([&] { return a.control().view().controls && !a.control().view().blind; }));
}

TEST_F(FlipController, OneProcessHoldsTheLeaseAndAnotherTakesItWhenThatGoes) {
  put(FlipState::kFull, one_step());
  auto a = std::make_unique<Member>(ticking("a"));
  Member b(ticking("b"));
  Member c(ticking("c"));
  ASSERT_TRUE(eventually([&] { return controllers({a.get(), &b, &c}) == 1; }));
  EXPECT_TRUE(a->control().view().controls) << "it came first";
  const std::string fence = redis_({"GET", key("fence")}).text;
  a.reset();
  ASSERT_TRUE(eventually([&] { return controllers({&b, &c}) == 1; }));
  EXPECT_GT(std::stoi(redis_({"GET", key("fence")}).text), std::stoi(fence));
}

// A holder that was stopped and comes back acts on a fleet that somebody else drives by now.
TEST_F(FlipController, WhatAFormerHolderWritesIsRefused) {
  put(FlipState::kCanary, one_step());
  FlipControlOptions made = ticking("a");
  made.lease = 2s;
  Member a(std::move(made));
  ASSERT_TRUE(eventually([&] { return a.control().view().controls; }));
  redis_({"SET", key("controller"), "77:somebody", "PX", "3600000"});
  end_some(a, 1'000, 0);
  ASSERT_TRUE(eventually([&] { return !a.control().view().controls; }));
  std::this_thread::sleep_for(500ms);
  EXPECT_EQ(a.state(), FlipState::kCanary);
  EXPECT_FALSE(a.control().view().controls);
  redis_({"PERSIST", key("controller")});
  EXPECT_TRUE(eventually([&] { return a.control().view().controls; })) << "nobody holds it for ever";
}

TEST_F(FlipController, TheNextHolderGoesOnWhereTheLastOneWas) {
  Plan plan = one_step();
  plan.steps[0].least_time = 1h;
  put(FlipState::kCanary, plan);
  auto a = std::make_unique<Member>(ticking("a", 50ms));
  Member b(ticking("b", 50ms));
  std::chrono::milliseconds clock{0};
  ASSERT_TRUE(eventually([&] {
    end_some(*a, 2, 0);
    const auto tick = a->status().last_tick;
    if (tick) clock = tick->progress.clock;
    return clock > 200ms;
  }));
  a.reset();
  ASSERT_TRUE(eventually([&] {
    const auto tick = b.status().last_tick;
    return tick && tick->process == "b";
  }));
  EXPECT_GE(b.status().last_tick->progress.clock, clock);
}

TEST_F(FlipController, FiguresThatCannotBeReadHoldTheStep) {
  put(FlipState::kCanary, one_step());
  redis_({"SET", key("fig:3"), "of another type"});
  Member a(ticking("a"));
  ASSERT_TRUE(eventually([&] { return a.status().record.state == FlipState::kHeld; }));
  EXPECT_EQ(a.state(), FlipState::kCanary) << "where it was held";
  EXPECT_THAT(a.status().record.why, ::testing::HasSubstr("no figures"));
}

TEST_F(FlipController, AProcessThatDoesNotReportIsNamed) {
  put(FlipState::kCanary, one_step());
  Member a(ticking("a"));
  Member mute(ticking("mute", 1h));
  ASSERT_TRUE(eventually([&] {
    const auto tick = a.status().last_tick;
    return tick && !tick->silent.empty();
  }));
  EXPECT_THAT(a.status().last_tick->silent, ::testing::ElementsAre("mute"));
}

TEST_F(FlipController, DarkIsPassedByProbesOfOneProcess) {
  Plan plan = one_step();
  plan.dark.least_probes = 5;
  put(FlipState::kDark, plan);
  std::atomic<int> probes = 0;
  const auto probing = [&](const std::string& name) {
    FlipControlOptions made = ticking(name, 50ms);
    made.probe_interval = 20ms;
    made.probe = [&probes](std::function<void(Result<void>)> done) {
      // The third one fails: the row begins anew.
      if (++probes == 3) return done(Error{"probe_failed", "nobody took it"});
      done({});
    };
    return made;
  };
  Member a(probing("a"));
  Member b(probing("b"));
  EXPECT_TRUE(eventually([&] { return a.state() == FlipState::kCanary; }));
  EXPECT_GE(probes, 8);
}

TEST_F(FlipController, EvictionsAreAHardGuard) {
  Plan plan = one_step();
  plan.steps[0].least_time = 1h;
  put(FlipState::kCanary, plan);
  Member a(ticking("a"));
  ASSERT_TRUE(eventually([&] { return a.control().view().ticks > 2; }));
  EXPECT_EQ(a.state(), FlipState::kCanary);
  // Keys of somebody else that nobody has asked for lately go first.
  for (int i = 0; i < 40; ++i)
    redis_({"SET", "old" + std::to_string(i), std::string(500'000, 'x'), "EX", "1000"});
  std::this_thread::sleep_for(2s);
  redis_({"CONFIG", "SET", "maxmemory-policy", "volatile-lru"});
  redis_({"CONFIG", "SET", "maxmemory", std::to_string(std::stoll(redis_.info("used_memory")) - 2'000'000)});
  EXPECT_TRUE(eventually([&] { return a.state() != FlipState::kCanary; }));
  redis_({"CONFIG", "SET", "maxmemory", "0"});
}

TEST_F(FlipController, AnAbortActsThoughRedisIsFull) {
  put(FlipState::kCanary, one_step());
  Member a(ticking("a"));
  ASSERT_TRUE(eventually([&] { return a.control().view().controls && a.control().view().ticks > 0; }));
  redis_({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_TRUE(eventually([&] { return a.state() == FlipState::kAborting; }))
      << "more than 75 % of its memory";
  EXPECT_TRUE(eventually([&] { return a.control().view().unmerged; }));
  redis_({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(eventually([&] { return !a.control().view().unmerged; }));
}

}  // namespace
}  // namespace shunt::flip

#include "worker/worker_life.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bullmq::detail {
namespace {

using Phase = WorkerPhase;
using Event = WorkerEvent;
using Action = WorkerAction;

constexpr Action kStart = Action::start_loop | Action::start_stalled_check;
constexpr Action kStop = Action::stop_stalled_check | Action::unblock;
constexpr Action kClose = Action::tell_closing | kStop | Action::wind_up;

constexpr Phase kPhases[] = {Phase::idle,    Phase::running,       Phase::pausing, Phase::paused,
                             Phase::closing, Phase::disconnecting, Phase::closed,  Phase::destroyed};
constexpr Event kEvents[] = {Event::run,   Event::pause,      Event::resume,   Event::resume_by_hand,
                             Event::close, Event::loop_ended, Event::wound_up, Event::destroy};

struct Case {
  const char* name;
  Phase phase;
  Event event;
  Phase next;
  Action actions;
};

TEST(WorkerLife, FollowsTheTable) {
  const Case cases[] = {
      {"run", Phase::idle, Event::run, Phase::running, kStart},
      {"run twice", Phase::running, Event::run, Phase::running, Action::refuse},
      {"run while the jobs of a pause end", Phase::pausing, Event::run, Phase::pausing, Action::refuse},
      {"run when paused waits for resume", Phase::paused, Event::run, Phase::paused, Action::none},
      {"run while closing", Phase::closing, Event::run, Phase::closing, Action::refuse},
      {"run after close", Phase::closed, Event::run, Phase::closed, Action::none},
      {"pause", Phase::running, Event::pause, Phase::pausing, kStop | Action::tell_paused},
      {"pause before run", Phase::idle, Event::pause, Phase::paused, kStop | Action::tell_paused},
      {"pause twice tells once", Phase::pausing, Event::pause, Phase::pausing, Action::unblock},
      {"pause when paused", Phase::paused, Event::pause, Phase::paused, Action::none},
      {"pause while closing", Phase::closing, Event::pause, Phase::closing, Action::none},
      {"resume", Phase::paused, Event::resume, Phase::running, kStart | Action::tell_resumed},
      {"resume before the jobs have ended keeps the loop", Phase::pausing, Event::resume, Phase::running,
       Action::start_stalled_check | Action::tell_resumed},
      {"resume what runs", Phase::running, Event::resume, Phase::running, Action::none},
      {"resume what never ran", Phase::idle, Event::resume, Phase::running, kStart | Action::tell_resumed},
      {"resume by hand", Phase::paused, Event::resume_by_hand, Phase::idle, Action::tell_resumed},
      {"resume while closing", Phase::closing, Event::resume, Phase::closing, Action::none},
      {"close", Phase::running, Event::close, Phase::closing, kClose},
      {"close a paused one", Phase::paused, Event::close, Phase::disconnecting, kClose},
      {"close while the jobs of a pause end", Phase::pausing, Event::close, Phase::closing, kClose},
      {"close what never ran", Phase::idle, Event::close, Phase::disconnecting, kClose},
      {"close twice", Phase::closing, Event::close, Phase::closing, Action::none},
      {"close after the loop", Phase::disconnecting, Event::close, Phase::disconnecting, Action::none},
      {"the loop of a pause ends", Phase::pausing, Event::loop_ended, Phase::paused, Action::none},
      {"the loop ends before the connections", Phase::closing, Event::loop_ended, Phase::disconnecting,
       Action::none},
      {"wound up", Phase::disconnecting, Event::wound_up, Phase::closed, Action::tell_closed},
      {"wound up over a job that never ends", Phase::closing, Event::wound_up, Phase::closed,
       Action::tell_closed},
      {"its loop ends afterwards", Phase::closed, Event::loop_ended, Phase::closed, Action::none},
      {"destroyed at work", Phase::running, Event::destroy, Phase::destroyed, Action::stop_stalled_check},
      {"destroyed while closing", Phase::closing, Event::destroy, Phase::destroyed,
       Action::stop_stalled_check},
      {"destroyed after close", Phase::closed, Event::destroy, Phase::closed, Action::none},
      {"the closing of a destroyed one ends", Phase::destroyed, Event::wound_up, Phase::destroyed,
       Action::none},
  };
  for (const Case& c : cases) {
    const WorkerTransition transition = next_phase(c.phase, c.event);
    EXPECT_EQ(transition.phase, c.next) << c.name;
    EXPECT_EQ(transition.actions, c.actions) << c.name;
  }
}

// Whatever happens in whatever order: what holds for every phase that can be reached.
TEST(WorkerLife, KeepsItsPromisesInEveryPhase) {
  for (const Phase phase : kPhases) {
    for (const Event event : kEvents) {
      const auto [next, actions] = next_phase(phase, event);
      const std::string where =
          std::to_string(static_cast<int>(phase)) + " on event " + std::to_string(static_cast<int>(event));
      // A loop begins where there was none, and is there afterwards.
      if (has(actions, Action::start_loop)) {
        EXPECT_TRUE(!has_loop(phase) && has_loop(next)) << where;
      }
      // Only the end of the loop, of the closing, or of the worker leaves a phase with a loop for one
      // without.
      if (has_loop(phase) && !has_loop(next)) {
        EXPECT_TRUE(event == Event::loop_ended || event == Event::wound_up || event == Event::destroy)
            << where;
      }
      // Nobody who is closing takes jobs again, and nobody who is closed does anything.
      if (is_ending(phase)) {
        EXPECT_FALSE(may_take_jobs(next)) << where;
      }
      if (is_over(phase)) {
        EXPECT_EQ(next, phase) << where;
        EXPECT_EQ(actions, Action::none) << where;
      }
      // Who stops taking jobs ends a read that may take a marker.
      if (may_take_jobs(phase) && !may_take_jobs(next) && event != Event::destroy) {
        EXPECT_TRUE(has(actions, Action::unblock)) << where;
      }
    }
  }
}

TEST(WorkerLife, WindsUpOnce) {
  for (const Phase first : kPhases) {
    const auto closing = next_phase(first, Event::close);
    if (!has(closing.actions, Action::wind_up)) continue;
    for (const Event event : kEvents) {
      const auto after = next_phase(closing.phase, event);
      EXPECT_FALSE(has(next_phase(after.phase, Event::close).actions, Action::wind_up));
    }
  }
}

struct ClosingCase {
  const char* name;
  ClosingFacts facts;
  ClosingStep step;
};

TEST(Closing, GoesStepByStep) {
  using Stage = ClosingStage;
  const ClosingCase cases[] = {
      {"jobs are waited for", {.has_jobs = true, .has_loop = true}, ClosingStep::wait},
      {"the loop is waited for", {.has_loop = true}, ClosingStep::wait},
      {"nothing is left", {}, ClosingStep::disconnect},
      {"without Redis the loop is not waited for",
       {.has_loop = true, .is_connected = false},
       ClosingStep::disconnect},
      {"without Redis jobs are waited for",
       {.has_jobs = true, .has_loop = true, .is_connected = false},
       ClosingStep::wait},
      {"the deadline cancels the jobs",
       {.has_jobs = true, .has_loop = true, .time_is_up = true},
       ClosingStep::cancel_jobs},
      {"the deadline of a worker without jobs",
       {.has_loop = true, .time_is_up = true},
       ClosingStep::disconnect},
      {"cancelled jobs have their grace",
       {.stage = Stage::cancelled, .has_jobs = true, .has_loop = true},
       ClosingStep::wait},
      {"cancelled jobs have ended", {.stage = Stage::cancelled}, ClosingStep::disconnect},
      {"the grace is over",
       {.stage = Stage::cancelled, .has_jobs = true, .has_loop = true, .time_is_up = true},
       ClosingStep::give_back_jobs},
      {"given back jobs are not waited for",
       {.stage = Stage::given_back, .has_jobs = true, .has_loop = true},
       ClosingStep::disconnect},
      {"what waits for an answer is told",
       {.stage = Stage::disconnected, .has_jobs = true, .has_loop = true, .is_connected = false},
       ClosingStep::wait},
      {"all were told", {.stage = Stage::disconnected, .is_connected = false}, ClosingStep::end},
      {"a processor never ends",
       {.stage = Stage::disconnected, .has_jobs = true, .has_loop = true, .time_is_up = true},
       ClosingStep::end},
  };
  for (const ClosingCase& c : cases) EXPECT_EQ(next_closing_step(c.facts), c.step) << c.name;
}

}  // namespace
}  // namespace bullmq::detail

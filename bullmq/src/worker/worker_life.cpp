#include "worker/worker_life.hpp"

namespace bullmq::detail {
namespace {

using Phase = WorkerPhase;
using Event = WorkerEvent;
using Action = WorkerAction;

struct Row {
  Phase phase;
  Event event;
  Phase next;
  Action actions;
};

constexpr Action kStart = Action::start_loop | Action::start_stalled_check;
constexpr Action kStop = Action::stop_stalled_check | Action::unblock;
constexpr Action kClose = Action::tell_closing | kStop | Action::wind_up;

constexpr Row kTable[] = {
    {Phase::idle, Event::run, Phase::running, kStart},
    {Phase::running, Event::run, Phase::running, Action::refuse},
    {Phase::pausing, Event::run, Phase::pausing, Action::refuse},
    {Phase::closing, Event::run, Phase::closing, Action::refuse},

    {Phase::idle, Event::pause, Phase::paused, kStop | Action::tell_paused},
    {Phase::running, Event::pause, Phase::pausing, kStop | Action::tell_paused},
    // A read that began before the last pause may still block.
    {Phase::pausing, Event::pause, Phase::pausing, Action::unblock},

    {Phase::idle, Event::resume, Phase::running, kStart | Action::tell_resumed},
    {Phase::pausing, Event::resume, Phase::running, Action::start_stalled_check | Action::tell_resumed},
    {Phase::paused, Event::resume, Phase::running, kStart | Action::tell_resumed},
    {Phase::idle, Event::resume_by_hand, Phase::idle, Action::tell_resumed},
    {Phase::paused, Event::resume_by_hand, Phase::idle, Action::tell_resumed},

    {Phase::idle, Event::close, Phase::disconnecting, kClose},
    {Phase::running, Event::close, Phase::closing, kClose},
    {Phase::pausing, Event::close, Phase::closing, kClose},
    {Phase::paused, Event::close, Phase::disconnecting, kClose},

    {Phase::pausing, Event::loop_ended, Phase::paused, Action::none},
    {Phase::closing, Event::loop_ended, Phase::disconnecting, Action::none},

    // A job whose processor never ends may leave the loop behind.
    {Phase::closing, Event::wound_up, Phase::closed, Action::tell_closed},
    {Phase::disconnecting, Event::wound_up, Phase::closed, Action::tell_closed},
};

}  // namespace

WorkerTransition next_phase(WorkerPhase phase, WorkerEvent event) noexcept {
  if (event == Event::destroy && !is_over(phase)) return {Phase::destroyed, Action::stop_stalled_check};
  for (const Row& row : kTable) {
    if (row.phase == phase && row.event == event) return {row.next, row.actions};
  }
  return {phase, Action::none};
}

ClosingStep next_closing_step(const ClosingFacts& facts) noexcept {
  const bool is_idle = !facts.has_jobs && !facts.has_loop;
  // Without a job and without Redis there is nothing to wait for.
  const bool is_settled = is_idle || (!facts.has_jobs && !facts.is_connected);
  switch (facts.stage) {
    case ClosingStage::waiting:
      if (!is_settled && !facts.time_is_up) return ClosingStep::wait;
      return facts.has_jobs ? ClosingStep::cancel_jobs : ClosingStep::disconnect;
    case ClosingStage::cancelled:
      if (!is_settled && !facts.time_is_up) return ClosingStep::wait;
      return facts.has_jobs ? ClosingStep::give_back_jobs : ClosingStep::disconnect;
    case ClosingStage::given_back:
      return ClosingStep::disconnect;
    case ClosingStage::disconnected:
      break;
  }
  return is_idle || facts.time_is_up ? ClosingStep::end : ClosingStep::wait;
}

}  // namespace bullmq::detail

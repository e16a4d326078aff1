#pragma once

// The life of a worker as a table: which phase follows which event, and what is to be done then. It knows no
// Redis, no coroutine and no clock; Worker::State carries out what it says (worker.cpp, closing.cpp).
namespace bullmq::detail {

//   idle ----run----> running --pause--> pausing --loop ends--> paused
//                        ^------resume------'----------resume-----'
//   any of these --close--> closing --loop ends--> disconnecting --wound up--> closed
//   any but closed --destroy--> destroyed
enum class WorkerPhase {
  idle,           // nobody has called run() yet; jobs may be taken by hand
  running,        // the loop takes jobs
  pausing,        // no more are taken; the loop waits for those in process
  paused,         // and has ended
  closing,        // no more are taken, for good; the loop waits for those in process
  disconnecting,  // it has ended, or there was none: what is left are the connections
  closed,
  destroyed,  // without having been closed
};

enum class WorkerEvent {
  run,
  pause,
  resume,
  resume_by_hand,  // of a worker without a processor
  close,
  loop_ended,
  wound_up,  // the connections are closed
  destroy,
};

// Flags: what an event asks for.
enum class WorkerAction : unsigned {
  none = 0,
  refuse = 1 << 0,  // the worker runs already
  start_loop = 1 << 1,
  start_stalled_check = 1 << 2,
  stop_stalled_check = 1 << 3,
  unblock = 1 << 4,  // the blocking read that may be under way ends
  wind_up = 1 << 5,  // the closing begins
  tell_paused = 1 << 6,
  tell_resumed = 1 << 7,
  tell_closing = 1 << 8,
  tell_closed = 1 << 9,
};
[[nodiscard]] constexpr WorkerAction operator|(WorkerAction a, WorkerAction b) noexcept {
  return static_cast<WorkerAction>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
[[nodiscard]] constexpr bool has(WorkerAction all, WorkerAction one) noexcept {
  return (static_cast<unsigned>(all) & static_cast<unsigned>(one)) != 0;
}

struct WorkerTransition {
  WorkerPhase phase;
  WorkerAction actions;
};
// An event that means nothing in a phase changes nothing.
[[nodiscard]] WorkerTransition next_phase(WorkerPhase phase, WorkerEvent event) noexcept;

[[nodiscard]] constexpr bool may_take_jobs(WorkerPhase phase) noexcept {
  return phase == WorkerPhase::idle || phase == WorkerPhase::running;
}
[[nodiscard]] constexpr bool has_loop(WorkerPhase phase) noexcept {
  return phase == WorkerPhase::running || phase == WorkerPhase::pausing || phase == WorkerPhase::closing;
}
[[nodiscard]] constexpr bool is_paused(WorkerPhase phase) noexcept {
  return phase == WorkerPhase::pausing || phase == WorkerPhase::paused;
}
[[nodiscard]] constexpr bool is_over(WorkerPhase phase) noexcept {
  return phase == WorkerPhase::closed || phase == WorkerPhase::destroyed;
}
// close() was called, or the worker was destroyed.
[[nodiscard]] constexpr bool is_ending(WorkerPhase phase) noexcept {
  return phase == WorkerPhase::closing || phase == WorkerPhase::disconnecting || is_over(phase);
}

// How a worker closes, as one decision after the other.
enum class ClosingStage {
  waiting,       // for the jobs in process, until the deadline of close()
  cancelled,     // their stop was requested; waiting until cancel_grace is over
  given_back,    // those that still ran went back to the queue
  disconnected,  // what waited for an answer is being told that none will come
};
enum class ClosingStep { wait, cancel_jobs, give_back_jobs, disconnect, end };

struct ClosingFacts {
  ClosingStage stage = ClosingStage::waiting;
  bool has_jobs = false;
  bool has_loop = false;
  bool is_connected = true;
  // What the stage waits for has taken as long as it may.
  bool time_is_up = false;
};
[[nodiscard]] ClosingStep next_closing_step(const ClosingFacts& facts) noexcept;

}  // namespace bullmq::detail

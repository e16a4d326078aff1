#include "drivers/command/kept/program_life.hpp"

#include <algorithm>

namespace shunt::generation::command {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kNoTimer{0};
// A program that has ended once is started again at once; from the second time on after this, doubled each
// time.
constexpr milliseconds kFirstDelay{100};
// A program that cannot be started, or ends while it waits: nobody is helped by starting it more often.
constexpr milliseconds kLongestDelay{30'000};
// One that ends in its runs: it does start, and what ended it may have been the input of one caller.
constexpr milliseconds kLongestDelayAfterRun{1'000};

}  // namespace

using Step = ProgramLife::Step;

Step ProgramLife::begin() {
  if (state_ != State::kEnded || closing_) return {};
  state_ = State::kStarting;
  return {.timer = limits_.ready_timeout, .spawns = true};
}

Step ProgramLife::spawn_failed() {
  if (state_ != State::kStarting) return {};
  return start_again(Ending::kNotStarted, State::kStarting);
}

Step ProgramLife::ready() {
  if (state_ != State::kStarting) return broken();
  state_ = State::kReady;
  runs_ = 0;
  failed_starts_ = 0;
  return {.timer = kNoTimer, .offers = true};
}

Step ProgramLife::given() {
  if (state_ != State::kReady) return {};
  state_ = State::kRunning;
  return {.writes_run = true};
}

Step ProgramLife::answered(bool too_large) {
  if (!has_run()) return {};
  const RunEnd how = state_ == State::kCancelling ? RunEnd::kStopped : RunEnd::kAnswered;
  failures_ = 0;
  ++runs_;
  if (too_large || (limits_.recycle_after > 0 && runs_ >= limits_.recycle_after)) {
    Step step = stop(Ending::kRecycled, std::nullopt);
    step.ends_run = how;
    return step;
  }
  state_ = State::kReady;
  return {.ends_run = how, .timer = kNoTimer, .offers = true};
}

Step ProgramLife::cancelled() {
  if (state_ != State::kRunning) return {};
  state_ = State::kCancelling;
  return {.writes_cancel = true, .timer = limits_.cancel_grace};
}

Step ProgramLife::withheld() {
  if (state_ != State::kRunning) return {};
  state_ = State::kReady;
  return {.ends_run = RunEnd::kWithheld, .timer = kNoTimer, .offers = true};
}

Step ProgramLife::broken() {
  switch (state_) {
    case State::kEnded:
    case State::kBackingOff:
    case State::kStopping:
      return {};
    case State::kRunning: {
      Step step = stop(Ending::kBroken, Signal::kKill);
      step.ends_run = RunEnd::kBroken;
      return step;
    }
    case State::kCancelling: {
      Step step = stop(Ending::kBroken, Signal::kKill);
      step.ends_run = RunEnd::kStopped;
      return step;
    }
    case State::kStarting:
    case State::kReady:
      return stop(Ending::kBroken, Signal::kKill);
  }
  return {};
}

Step ProgramLife::exited() {
  switch (state_) {
    case State::kEnded:
    case State::kBackingOff:
      return {};
    case State::kStopping: {
      Step step = start_again(ending_, stopped_in_);
      if (ending_ == Ending::kUnanswered) step.ends_run = RunEnd::kStopped;
      return step;
    }
    case State::kStarting:
      return start_again(Ending::kExited, State::kStarting);
    case State::kReady: {
      Step step = start_again(Ending::kExited, State::kReady);
      step.withdraws = true;
      return step;
    }
    case State::kRunning: {
      Step step = start_again(Ending::kExited, State::kRunning);
      step.ends_run = RunEnd::kExited;
      return step;
    }
    case State::kCancelling: {
      // Its way to let go of a run was to end.
      Step step = start_again(Ending::kUnanswered, State::kCancelling);
      step.ends_run = RunEnd::kStopped;
      return step;
    }
  }
  return {};
}

Step ProgramLife::timer_fired() {
  switch (state_) {
    case State::kStarting:
      return stop(Ending::kNeverReady, Signal::kTerminate);
    case State::kCancelling:
      // The run stays inside until the program has ended, so that no more run at once than should.
      return stop(Ending::kUnanswered, Signal::kTerminate);
    case State::kStopping:
      if (terminated_) return {.signal = Signal::kKill};
      terminated_ = true;
      return {.signal = Signal::kTerminate, .timer = limits_.kill_after};
    case State::kBackingOff:
      state_ = State::kStarting;
      return {.timer = limits_.ready_timeout, .spawns = true};
    case State::kEnded:
    case State::kReady:
    case State::kRunning:
      return {};
  }
  return {};
}

Step ProgramLife::close() {
  closing_ = true;
  switch (state_) {
    case State::kEnded:
    case State::kStopping:
      return {};
    case State::kBackingOff:
      state_ = State::kEnded;
      return {.ended = Ending::kClosed, .timer = kNoTimer};
    case State::kReady:
      return stop(Ending::kClosed, std::nullopt);
    case State::kStarting:
      return stop(Ending::kClosed, Signal::kTerminate);
    case State::kRunning:
    case State::kCancelling: {
      Step step = stop(Ending::kClosed, Signal::kTerminate);
      step.ends_run = RunEnd::kStopped;
      return step;
    }
  }
  return {};
}

// Without a signal the program has the end of its input to end by itself.
Step ProgramLife::stop(Ending why, std::optional<Signal> signal) {
  Step step{.withdraws = state_ == State::kReady, .closes_input = true, .signal = signal};
  ending_ = why;
  stopped_in_ = state_;
  state_ = State::kStopping;
  terminated_ = signal.has_value();
  if (signal == Signal::kKill) {
    step.timer = kNoTimer;
  } else {
    step.timer = signal ? limits_.kill_after : limits_.cancel_grace;
  }
  return step;
}

Step ProgramLife::start_again(Ending why, State died) {
  if (closing_) {
    state_ = State::kEnded;
    return {.ended = Ending::kClosed, .timer = kNoTimer};
  }
  const bool wanted = why == Ending::kRecycled || why == Ending::kUnanswered;
  if (wanted) {
    state_ = State::kStarting;
    return {.ended = why, .timer = limits_.ready_timeout, .spawns = true};
  }
  ++failures_;
  if (died == State::kStarting) ++failed_starts_;
  state_ = State::kBackingOff;
  return {.ended = why, .timer = std::max(delay_after(died), milliseconds(1))};
}

milliseconds ProgramLife::delay_after(State died) const noexcept {
  if (failures_ <= 1 && died != State::kStarting) return milliseconds(1);
  const milliseconds longest = died == State::kRunning ? kLongestDelayAfterRun : kLongestDelay;
  const std::size_t doublings = std::min<std::size_t>(failures_ > 2 ? failures_ - 2 : 0, 16);
  return std::min(kFirstDelay * (1U << doublings), longest);
}

const char* to_string(ProgramLife::Ending ending) noexcept {
  switch (ending) {
    case ProgramLife::Ending::kExited:
      return "exited";
    case ProgramLife::Ending::kNotStarted:
      return "not_started";
    case ProgramLife::Ending::kNeverReady:
      return "never_ready";
    case ProgramLife::Ending::kBroken:
      return "broken";
    case ProgramLife::Ending::kUnanswered:
      return "unanswered";
    case ProgramLife::Ending::kRecycled:
      return "recycled";
    case ProgramLife::Ending::kClosed:
      return "closed";
  }
  return "unknown";
}

}  // namespace shunt::generation::command

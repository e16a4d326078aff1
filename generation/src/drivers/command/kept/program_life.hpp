#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// The life of one kept program, from one process to the next: what each event leads to. Pure: whoever calls
// it carries out the step that it returns. One thread.
class ProgramLife {
 public:
  enum class State {
    kEnded,       // there is no program: it has not begun, or was closed
    kStarting,    // it has not said that it is ready
    kReady,       // it waits for a run
    kRunning,     // it has one
    kCancelling,  // it was told to let go of it
    kStopping,    // it has to end, and has not ended yet
    kBackingOff,  // it has ended, and is started again when the timer fires
  };

  struct Limits {
    std::chrono::milliseconds ready_timeout;
    std::chrono::milliseconds cancel_grace;  // from `cancel`, or the end of its input, to SIGTERM
    std::chrono::milliseconds kill_after;    // from there to SIGKILL
    std::size_t recycle_after = 0;           // runs; 0: never
  };

  // Why a program was let go, for metrics and the log.
  enum class Ending {
    kExited,      // by itself
    kNotStarted,  // it could not be started at all
    kNeverReady,  // it did not say in time that it is ready
    kBroken,      // it has said what the protocol does not have, or too much
    kUnanswered,  // it did not answer to `cancel` in time
    kRecycled,    // it has had its runs, or has grown too large
    kClosed,      // nobody needs it any more
  };

  // How the run inside ends.
  enum class RunEnd {
    kAnswered,  // by the program's own word
    kBroken,    // with the reason why the program is broken
    kExited,    // with the way in which the program has ended
    kStopped,   // it was cancelled
    kWithheld,  // before the program had it
  };

  enum class Signal { kTerminate, kKill };

  // What is to be done, in the order of the members.
  struct Step {
    bool withdraws = false;            // it takes no run any more
    std::optional<RunEnd> ends_run{};  // the run inside has ended
    bool writes_run = false;
    bool writes_cancel = false;
    bool closes_input = false;
    std::optional<Signal> signal{};  // to the program's process group
    std::optional<Ending> ended{};   // a program has ended, or could not be started
    // The one timer: 0 takes it off, nothing leaves it as it is.
    std::optional<std::chrono::milliseconds> timer{};
    bool spawns = false;
    bool offers = false;  // it takes the next run
    [[nodiscard]] bool operator==(const Step&) const = default;
  };

  explicit ProgramLife(Limits limits) : limits_(limits) {}

  [[nodiscard]] State state() const noexcept { return state_; }
  // No program has become ready since one could not be started, has ended before it was, or took too long.
  [[nodiscard]] bool failing() const noexcept { return failed_starts_ > 0; }

  // Events. One that means nothing in the present state changes nothing.
  [[nodiscard]] Step begin();
  [[nodiscard]] Step spawn_failed();
  [[nodiscard]] Step ready();  // it said so
  [[nodiscard]] Step given();  // it gets a run, since it has offered itself
  // It has ended its run by its own word. `too_large`: it holds more memory than it should keep.
  [[nodiscard]] Step answered(bool too_large);
  [[nodiscard]] Step cancelled();  // its run is wanted no more
  [[nodiscard]] Step withheld();   // its run has ended, and it was told nothing of it
  [[nodiscard]] Step broken();     // what it says cannot be used
  [[nodiscard]] Step exited();     // the process has ended, and what it said has been read
  [[nodiscard]] Step timer_fired();
  [[nodiscard]] Step close();  // for good

 private:
  [[nodiscard]] Step stop(Ending why, std::optional<Signal> signal);
  [[nodiscard]] Step start_again(Ending why, State died);
  [[nodiscard]] std::chrono::milliseconds delay_after(State died) const noexcept;
  [[nodiscard]] bool has_run() const noexcept {
    return state_ == State::kRunning || state_ == State::kCancelling;
  }

  const Limits limits_;
  State state_ = State::kEnded;
  std::size_t runs_ = 0;           // of the present process
  std::size_t failures_ = 0;       // ends that nobody wanted, since the last answer
  std::size_t failed_starts_ = 0;  // of them, the last ones that came before `ready`
  // While stopping.
  Ending ending_ = Ending::kExited;
  State stopped_in_ = State::kReady;
  bool terminated_ = false;  // it has been sent SIGTERM
  bool closing_ = false;
};

// "exited", "not_started", "never_ready", "broken", "unanswered", "recycled", "closed".
[[nodiscard]] const char* to_string(ProgramLife::Ending ending) noexcept;

}  // namespace shunt::generation::command

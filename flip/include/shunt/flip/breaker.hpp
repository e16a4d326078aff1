#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// How an enqueue ended, as far as the breaker is concerned.
enum class EnqueueOutcome {
  kAccepted,
  kDeadline,       // of our own: nothing was answered in time
  kUnreachable,    // connection refused, or broken
  kOutOfMemory,    // OOM
  kReadOnly,       // READONLY
  kMisconfigured,  // MISCONF: the server cannot save
  kLoading,        // LOADING
  kBadInput,       // the caller's fault, or a duplicate, or a bound of admission: says nothing of the queue
};
enum class Health { kGood, kBad, kNeither };
[[nodiscard]] Health health_of(EnqueueOutcome outcome) noexcept;

enum class BreakerState { kClosed, kOpen, kHalfOpen };
[[nodiscard]] std::string_view breaker_state_name(BreakerState state) noexcept;

enum class BreakerMode {
  kNormal,
  kForcedOpen,    // the operator's kill switch: nobody passes, nothing is counted
  kForcedClosed,  // everybody passes, nothing is counted
  kMetricsOnly,   // a rehearsal: counts, opens and probes, and everybody passes
};

// Times and counts of flip-anchors 4.5. A rate over many calls would never open at a generation API's
// traffic, hence the short row of failures.
struct BreakerOptions {
  std::uint32_t in_a_row = 5;
  std::chrono::seconds window{10};  // at most 10
  std::uint32_t least_in_window = 10;
  double failed_share = 0.5;
  std::chrono::milliseconds open{5'000};  // doubled each time it opens again before its ramp is over
  std::chrono::milliseconds max_open{60'000};
  double jitter = 0.2;             // of the time that it is open, both ways
  std::uint32_t first_probes = 1;  // then, if they are good:
  std::uint32_t more_probes = 3;
  std::chrono::milliseconds probe_patience{30'000};  // probes of which nothing is heard were bad
  std::chrono::milliseconds ramp_step{20'000};       // 10 %, 50 %, then everybody
};

// Whether a process may hand work to the queue: a state machine on the outcomes of its enqueues. Time and
// random draws (from 0 to below 1) are arguments. Not thread-safe; a call takes constant time.
class Breaker {
 public:
  explicit Breaker(const BreakerOptions& options = {}) : options_(options) {}

  // Whether a caller's request may be handed over, and the opening that its outcome belongs to.
  struct Permit {
    bool granted = false;
    std::uint64_t opening = 0;
  };
  [[nodiscard]] Permit admit(SteadyTime now, double draw);
  // How what was admitted ended. An outcome of an earlier opening changes nothing.
  void ended(SteadyTime now, EnqueueOutcome outcome, std::uint64_t opening, double draw);

  // How many probe generations are to be sent now, through the whole path; each is told of by probe_ended,
  // once.
  struct Probes {
    std::uint32_t count = 0;
    std::uint64_t opening = 0;
  };
  [[nodiscard]] Probes probes_to_send(SteadyTime now, double draw);
  void probe_ended(SteadyTime now, bool good, std::uint64_t opening, double draw);

  // Whether breakers of other processes are open: then the next failure opens this one. It never opens it by
  // itself.
  void hint(bool others_open) noexcept { others_open_ = others_open; }
  void set_mode(SteadyTime now, BreakerMode mode) noexcept;

  [[nodiscard]] BreakerState state() const noexcept { return state_; }
  [[nodiscard]] BreakerMode mode() const noexcept { return mode_; }
  // The share of callers that pass, while closed: below 1 during the ramp.
  [[nodiscard]] double admitted_share(SteadyTime now) const noexcept;
  // For how long it has not been closed; 0 while it is.
  [[nodiscard]] std::chrono::milliseconds open_for(SteadyTime now) const noexcept;
  [[nodiscard]] std::uint64_t openings() const noexcept { return openings_; }

 private:
  struct Second {
    std::int64_t at = -1;
    std::uint32_t good = 0;
    std::uint32_t bad = 0;
  };

  void advance(SteadyTime now, double draw);
  void count(SteadyTime now, bool good);
  [[nodiscard]] bool has_failed_enough(SteadyTime now) const noexcept;
  void open(SteadyTime now, double draw);
  void close(SteadyTime now) noexcept;

  const BreakerOptions options_;
  BreakerMode mode_ = BreakerMode::kNormal;
  BreakerState state_ = BreakerState::kClosed;
  bool others_open_ = false;
  std::uint64_t openings_ = 0;  // raised by each opening and each closing after it: what outcomes belong to
  std::uint32_t in_a_row_ = 0;
  std::array<Second, 10> seconds_{};
  std::uint32_t repeats_ = 0;  // openings since it was last wholly closed
  SteadyTime not_closed_since_{};
  SteadyTime open_until_{};
  SteadyTime probing_since_{};
  std::uint32_t probes_wanted_ = 0;
  std::uint32_t probes_sent_ = 0;
  std::uint32_t probes_good_ = 0;
  bool more_probes_ = false;
  bool ramping_ = false;
  SteadyTime closed_at_{};
};

}  // namespace shunt::flip

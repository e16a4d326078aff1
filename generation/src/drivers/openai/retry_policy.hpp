#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/generation/on_lost.hpp"

namespace shunt::generation::openai {

struct RetryPolicy {
  std::size_t max_retries;
  std::chrono::milliseconds backoff;
  std::chrono::milliseconds max_retry_after;
  std::chrono::milliseconds max_loading_wait;
};

// How far an attempt's request had come. kNotWritten: the server cannot have all of it.
enum class RequestProgress { kNotConnected, kNotWritten, kWritten };

// How an attempt failed before the caller had anything of an answer.
struct FailedAttempt {
  // 0: no response at all (refused, reset, no such name, not connected in time, silent).
  int status = 0;
  std::string_view retry_after{};  // the header as it came, "" = none
  bool loading = false;            // the server is there and loads its model
  RequestProgress progress = RequestProgress::kWritten;
  bool timed_out = false;  // it was silent for too long: at work, or overloaded
  bool in_answer = false;  // a good status came: the answer itself reports an error, is broken, or stops
  bool passing = false;    // with in_answer: another attempt may do better
};

// What it proves of whether the server can have begun the work.
[[nodiscard]] Setback setback_of(const FailedAttempt& attempt) noexcept;

// What surrounds the decision: retries made so far (those that waited for a model to load apart), the time
// since the model was first found loading, the wall clock, the time until the generation's deadline (unset =
// none), and a random number in [0, 1).
struct RetryMoment {
  std::size_t retries = 0;
  std::size_t loading_retries = 0;
  std::chrono::milliseconds loading_for{};
  WallTime now{};
  std::optional<std::chrono::milliseconds> time_left{};
  double random = 0;
};

struct Retry {
  std::chrono::milliseconds wait{};
  bool waits_for_model = false;  // costs no retry
};

// The wait before the next attempt, or nothing: give up. Doubles from `backoff` with the last half of it
// random; a Retry-After is waited for in full (plus up to one `backoff`, so that requests refused together do
// not return together), unless it is longer than `max_retry_after`. A wait that would outlive the deadline is
// not begun: the upstream's own error says more than "deadline exceeded". A server that was silent, or that
// failed within its answer, is not asked again.
//
// A model that loads costs no retry: it is asked for again, every five seconds in the end, as long as
// `max_loading_wait` and the deadline allow.
[[nodiscard]] std::optional<Retry> next_retry(const RetryPolicy& policy, const FailedAttempt& attempt,
                                              const RetryMoment& moment);

// Retry-After (RFC 9110, section 10.2.3): whole seconds or an HTTP date. Nothing if it is neither.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text, WallTime now);

}  // namespace shunt::generation::openai

#include "queue/worker/attempt_retry.hpp"

#include <algorithm>

#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

using std::chrono::milliseconds;

// Computes as BullMQ does. A jitter only makes it shorter; a strategy of somebody else's is not known here.
milliseconds pause_of(const JobAttempts& attempts) {
  if (!attempts.backoff || !attempts.backoff->delay) return milliseconds(0);
  const milliseconds delay = *attempts.backoff->delay;
  if (attempts.backoff->type == "fixed") return delay;
  if (attempts.backoff->type != "exponential") return milliseconds(0);
  // Beyond 2^30 times anything a generation's time is over.
  return delay * (std::int64_t{1} << std::clamp<std::int64_t>(attempts.made, 0, 30));
}

}  // namespace

std::optional<milliseconds> next_attempt_in(const JobAttempts& attempts, const Error& error,
                                            milliseconds time_left) {
  if (!error.is_retryable() || attempts.made + 1 >= attempts.allowed) return std::nullopt;
  // Its time is over: another attempt would find it so.
  if (error.code == error_code::kDeadlineExceeded) return std::nullopt;
  const milliseconds pause = pause_of(attempts);
  if (pause >= time_left) return std::nullopt;
  return pause;
}

std::string retry_message(const JobAttempts& attempts, const Error& error, milliseconds pause) {
  return "attempt " + std::to_string(attempts.made + 1) + " of " + std::to_string(attempts.allowed) +
         " failed (" + error.code.to_string() + ": " + error.message + "); the next one comes in " +
         std::to_string(pause.count()) + " ms";
}

}  // namespace shunt::executor

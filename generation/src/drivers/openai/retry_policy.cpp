#include "drivers/openai/retry_policy.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "shunt/http/http_date.hpp"

namespace shunt::generation::openai {
namespace {

using std::chrono::milliseconds;

// A longer wait is never meant; the bound keeps the arithmetic far from overflow.
constexpr std::int64_t kLongestSeconds = 366LL * 24 * 3600;

bool may_retry(int status) {
  return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

// Loading takes seconds to minutes: asked more often than this a server only has more to do.
constexpr milliseconds kLoadingPause{5000};
constexpr milliseconds kShortestLoadingPause{100};

milliseconds scaled(milliseconds duration, double factor) {
  return milliseconds(std::llround(static_cast<double>(duration.count()) * factor));
}

}  // namespace

Setback setback_of(const FailedAttempt& attempt) noexcept {
  if (attempt.progress == RequestProgress::kNotConnected) return Setback::kNotConnected;
  if (attempt.progress == RequestProgress::kNotWritten) return Setback::kNotWritten;
  if (attempt.status == 429) return Setback::kRateLimited;
  if (attempt.status == 503 && attempt.loading) return Setback::kLoading;
  return attempt.status == 0 ? Setback::kWritten : Setback::kAnswered;
}

std::optional<milliseconds> parse_retry_after(std::string_view text, WallTime now) {
  if (text.empty()) return std::nullopt;
  if (std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
    std::int64_t seconds = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (failure != std::errc() || seconds > kLongestSeconds) seconds = kLongestSeconds;
    return std::chrono::seconds(seconds);
  }
  const auto at = http::parse_http_date(text);
  if (!at) return std::nullopt;
  const auto wait = *at - now;
  return std::clamp<milliseconds>(wait, milliseconds(0), std::chrono::seconds(kLongestSeconds));
}

namespace {

// `backoff`, doubled with each retry, its last half random, and no more than `longest`.
milliseconds backed_off(const RetryPolicy& policy, std::size_t retries, double random, milliseconds longest) {
  const double doubled = std::ldexp(1.0, static_cast<int>(std::min<std::size_t>(retries, 30)));
  return std::min(scaled(policy.backoff, doubled * (0.5 + 0.5 * random)), longest);
}

std::optional<milliseconds> loading_wait(const RetryPolicy& policy, const FailedAttempt& attempt,
                                         const RetryMoment& moment) {
  const milliseconds longest = scaled(kLoadingPause, 0.5 + 0.5 * moment.random);
  milliseconds wait = backed_off(policy, moment.loading_retries, moment.random, longest);
  if (const auto asked = parse_retry_after(attempt.retry_after, moment.now)) {
    wait = *asked + scaled(policy.backoff, moment.random);
  }
  wait = std::max(wait, kShortestLoadingPause);
  if (moment.loading_for + wait > policy.max_loading_wait) return std::nullopt;
  return wait;
}

std::optional<milliseconds> usual_wait(const RetryPolicy& policy, const FailedAttempt& attempt,
                                       const RetryMoment& moment) {
  if (moment.retries >= policy.max_retries || !may_retry(attempt.status)) return std::nullopt;
  const auto asked = parse_retry_after(attempt.retry_after, moment.now);
  if (!asked) return backed_off(policy, moment.retries, moment.random, policy.max_retry_after);
  if (*asked > policy.max_retry_after) return std::nullopt;
  return *asked + scaled(policy.backoff, moment.random);
}

}  // namespace

std::optional<Retry> next_retry(const RetryPolicy& policy, const FailedAttempt& attempt,
                                const RetryMoment& moment) {
  if (attempt.timed_out || attempt.in_answer) return std::nullopt;
  auto wait = attempt.loading ? loading_wait(policy, attempt, moment) : std::nullopt;
  const bool waits_for_model = wait.has_value();
  if (!wait) wait = usual_wait(policy, attempt, moment);
  if (!wait || (moment.time_left && *wait >= *moment.time_left)) return std::nullopt;
  return Retry{*wait, waits_for_model};
}

}  // namespace shunt::generation::openai

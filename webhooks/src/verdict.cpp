#include "verdict.hpp"

#include <algorithm>
#include <array>

#include "shunt/http/ascii.hpp"
#include "shunt/http/http_date.hpp"

namespace shunt::webhooks {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

// https://github.com/standard-webhooks/standard-webhooks, "Deliverability and reliability", without the first
// attempt, which is made at once.
constexpr std::array<milliseconds, kMostAttempts - 1> kPauses{5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
constexpr double kJitter = 0.1;

constexpr int kGone = 410;
constexpr int kTooManyRequests = 429;
constexpr int kServiceUnavailable = 503;

std::string outcome_of(const Attempt& attempt) {
  if (!attempt.error.empty()) return attempt.error;
  const bool redirects = attempt.status >= 300 && attempt.status < 400;
  return "it answered " + std::to_string(attempt.status) +
         (redirects ? ", and redirects are not followed" : "");
}

}  // namespace

std::optional<milliseconds> pause_after(std::size_t failed, std::size_t attempts, double draw) {
  if (failed == 0 || failed >= std::min(attempts, kMostAttempts)) return std::nullopt;
  const double factor = 1 - kJitter + 2 * kJitter * std::clamp(draw, 0.0, 1.0);
  return milliseconds(
      static_cast<milliseconds::rep>(static_cast<double>(kPauses.at(failed - 1).count()) * factor));
}

std::optional<milliseconds> read_retry_after(std::string_view text, WallTime now) {
  std::optional<milliseconds> pause;
  if (const auto seconds = http::parse_unsigned(text)) {
    const auto most = static_cast<std::uint64_t>(std::chrono::seconds(kMostRetryAfter).count());
    pause = std::chrono::seconds(std::min<std::uint64_t>(*seconds, most));
  } else if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
    pause = kMostRetryAfter;  // more than any number holds
  } else if (const auto date = http::parse_http_date(text)) {
    pause = std::min<milliseconds>(*date - now, kMostRetryAfter);
  }
  return pause && *pause > 0ms ? pause : std::nullopt;
}

Verdict judge(const Attempt& attempt, std::size_t made, std::size_t attempts, double draw) {
  using Kind = Verdict::Kind;
  if (attempt.error.empty() && attempt.status >= 200 && attempt.status < 300) return {};
  if (attempt.status == kGone)
    return {.kind = Kind::kGone, .reason = "it answered 410: it wants nothing more"};
  const auto pause = pause_after(made, attempts, draw);
  if (!pause) return {.kind = Kind::kGivenUp, .reason = outcome_of(attempt)};
  return {.kind = Kind::kRetry,
          .pause = std::max(*pause, attempt.retry_after.value_or(0ms)),
          .reason = outcome_of(attempt)};
}

std::optional<milliseconds> throttle_of(const Attempt& attempt) {
  const bool overloaded = attempt.status == kTooManyRequests || attempt.status == kServiceUnavailable;
  return overloaded ? attempt.retry_after : std::nullopt;
}

}  // namespace shunt::webhooks

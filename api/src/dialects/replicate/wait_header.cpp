#include "dialects/replicate/wait_header.hpp"

#include <algorithm>
#include <string>

#include "representation/problem.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/http/ascii.hpp"

namespace shunt::api::dialects::replicate {
namespace {

constexpr std::chrono::seconds kShortest{5};
constexpr std::chrono::hours kLongest{24};
constexpr std::uint64_t kDaySeconds = 86'400;

Error bad_cancel_after(std::string_view text) {
  return Error{
      problem_code::kInvalidHeader,
      "Cancel-After must be a duration from 5s to 24h, as in 90s, 1m or 1h30m, not \"" + excerpt(text) + '"'}
      .with("header", std::string("Cancel-After"));
}

// How many seconds the unit has; the units come from large to small, each once.
std::optional<std::uint64_t> seconds_in(char unit) {
  switch (unit) {
    case 'h':
      return 3600;
    case 'm':
      return 60;
    case 's':
      return 1;
    default:
      return std::nullopt;
  }
}

std::optional<std::uint64_t> parse_parts(std::string_view text) {
  if (const auto bare = http::parse_unsigned(text)) return bare;
  std::uint64_t total = 0;
  std::uint64_t last_unit = kDaySeconds;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::size_t end = text.find_first_not_of("0123456789");
    if (end == std::string_view::npos || end == 0) return std::nullopt;
    const auto count = http::parse_unsigned(text.substr(0, end));
    const auto unit = seconds_in(text[end]);
    if (!count || !unit || *unit >= last_unit || *count > kDaySeconds) return std::nullopt;
    total += *count * *unit;
    last_unit = *unit;
    text.remove_prefix(end + 1);
  }
  return total;
}

}  // namespace

std::chrono::milliseconds wait_of(std::string_view prefer) {
  while (!prefer.empty()) {
    std::string_view preference = http::take_until(prefer, ',');
    preference = http::trim(http::take_until(preference, ';'));
    const std::size_t equals = preference.find('=');
    const std::string_view name = http::trim(preference.substr(0, equals));
    if (!http::equals_ignoring_case(name, "wait")) continue;
    if (equals == std::string_view::npos) return kDefaultWait;
    std::string_view value = http::trim(preference.substr(equals + 1));
    if (value.size() > 1 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    const auto seconds = http::parse_unsigned(value);
    if (!seconds) continue;
    return std::chrono::seconds(std::min(*seconds, kDaySeconds));
  }
  return std::chrono::milliseconds(0);
}

Result<std::chrono::milliseconds> parse_cancel_after(std::string_view text) {
  const auto parsed = parse_parts(http::trim(text));
  if (!parsed || *parsed > kDaySeconds) return bad_cancel_after(text);
  const std::chrono::milliseconds duration = std::chrono::seconds(*parsed);
  if (duration < kShortest || duration > kLongest) return bad_cancel_after(text);
  return duration;
}

}  // namespace shunt::api::dialects::replicate

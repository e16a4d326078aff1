#include "shunt/base/duration_text.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

namespace shunt::base {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
// Largest first: formatting takes the first unit that divides the value.
constexpr std::array<Unit, 5> kDurations{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kBytes{{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}};

template <std::size_t N>
Result<std::int64_t> parse_quantity(std::string_view text, const std::array<Unit, N>& units,
                                    std::string_view expected) {
  const auto wrong = [&] {
    return invalid_field("", "expected " + std::string(expected) + ", got \"" + std::string(text) + '"');
  };
  std::int64_t count = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (failure != std::errc{} || count < 0) return wrong();
  const std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& unit : units) {
    if (suffix != unit.name) continue;
    if (count > std::numeric_limits<std::int64_t>::max() / unit.factor) return wrong();
    return count * unit.factor;
  }
  return wrong();
}

template <std::size_t N>
std::string format_quantity(std::int64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) {
      return std::to_string(value / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(value) + std::string(units.back().name);
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  auto parsed = parse_quantity(text, kDurations, "a duration like 250ms, 30s, 10m, 2h or 7d");
  if (!parsed) return std::move(parsed).error();
  return std::chrono::milliseconds(*parsed);
}

std::string format_duration(std::chrono::milliseconds duration) {
  return format_quantity(duration.count(), kDurations);
}

Result<std::size_t> parse_bytes(std::string_view text) {
  auto parsed = parse_quantity(text, kBytes, "a size like 512, 64KiB, 8MiB or 1GiB");
  if (!parsed) return std::move(parsed).error();
  return static_cast<std::size_t>(*parsed);
}

std::string format_bytes(std::size_t bytes) {
  return format_quantity(static_cast<std::int64_t>(bytes), kBytes);
}

}  // namespace shunt::base

#include "shunt/flip/weight.hpp"

#include <algorithm>

namespace shunt::flip {
namespace {

bool is_number(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<Weight> Weight::parse(std::string_view text) noexcept {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view part = point == std::string_view::npos ? "0" : text.substr(point + 1);
  if (whole.empty() || whole.size() > 3 || part.empty() || part.size() > 2) return std::nullopt;
  if (!is_number(whole) || !is_number(part)) return std::nullopt;
  std::int64_t hundredths = 0;
  for (const char digit : whole) hundredths = hundredths * 10 + (digit - '0');
  hundredths = hundredths * 100 + (part[0] - '0') * 10 + (part.size() == 2 ? part[1] - '0' : 0);
  return of_hundredths(hundredths);
}

std::string Weight::text() const {
  std::string text = std::to_string(hundredths_ / 100);
  if (const std::uint32_t part = hundredths_ % 100; part != 0) {
    text += '.';
    text += static_cast<char>('0' + part / 10);
    if (part % 10 != 0) text += static_cast<char>('0' + part % 10);
  }
  return text + '%';
}

}  // namespace shunt::flip

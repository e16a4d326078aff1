#include "text_table.hpp"

#include <algorithm>
#include <cmath>

#include "shunt/base/duration_text.hpp"

namespace shunt::app {
namespace {

constexpr std::string_view kGap = "  ";

std::string padded(const std::string& text, std::size_t width, TextTable::Align align) {
  const std::string space(width - std::min(width, width_of(text)), ' ');
  return align == TextTable::Align::kLeft ? text + space : space + text;
}

}  // namespace

std::size_t width_of(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string short_duration(double seconds) {
  if (seconds < 0.0005) return "0s";
  if (seconds < 1) return std::to_string(std::lround(seconds * 1000)) + "ms";
  if (seconds < 10) {
    const std::string tenths = std::to_string(std::lround(seconds * 10));
    return tenths.substr(0, tenths.size() - 1) + '.' + tenths.back() + 's';
  }
  if (seconds < 120) return std::to_string(static_cast<long>(seconds)) + 's';
  if (seconds < 2 * 3600.0) return std::to_string(static_cast<long>(seconds / 60)) + 'm';
  if (seconds < 2 * 86400.0) return std::to_string(static_cast<long>(seconds / 3600)) + 'h';
  return std::to_string(static_cast<long>(seconds / 86400)) + 'd';
}

std::string size_text(std::size_t bytes) {
  std::string text = format_bytes(bytes);
  // A size that is no whole number of a larger unit.
  if (text.back() >= '0' && text.back() <= '9') text += bytes == 1 ? " byte" : " bytes";
  return text;
}

std::string TextTable::text(const Terminal& terminal) const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(width_of(column.title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i].text));
  }
  std::string out;
  const auto put = [&](std::size_t column, const std::string& text, Style style) {
    const bool last = column + 1 == columns_.size();
    // Nothing follows the last column, so nothing is filled up behind it.
    const bool fill = !last || columns_[column].align == Align::kRight;
    const std::string cell = fill ? padded(text, widths[column], columns_[column].align) : text;
    out.append(terminal.styled(style, cell)).append(last ? "\n" : kGap);
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) put(i, columns_[i].title, Style::kBold);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) put(i, row[i].text, row[i].style);
  }
  return out;
}

}  // namespace shunt::app

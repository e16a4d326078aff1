#include "judged_rows.hpp"

#include <algorithm>

#include "labelled_page.hpp"
#include "text_table.hpp"

namespace shunt::app {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastRoom = 30;

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - width_of(text) + kGap, ' ');
}

}  // namespace

std::string judged_rows_text(const std::vector<JudgedRow>& rows, const Terminal& terminal) {
  std::size_t outcomes = 0;
  std::size_t names = 0;
  for (const JudgedRow& row : rows) {
    outcomes = std::max(outcomes, width_of(row.outcome));
    names = std::max(names, width_of(row.name));
  }
  const std::size_t before = outcomes + kGap + names + kGap;
  const std::size_t columns = terminal.columns();
  const std::size_t room = columns > before + kLeastRoom ? columns - before : kLeastRoom;
  std::string out;
  const auto add = [&](std::string_view text, Style style, bool first) {
    for (const std::string& line : wrapped(text, terminal.is_terminal() ? room : std::string_view::npos)) {
      if (!first) out.append(before, ' ');
      out.append(terminal.styled(style, line)).append("\n");
      first = false;
    }
  };
  for (const JudgedRow& row : rows) {
    out.append(terminal.styled(row.style, row.outcome)).append(outcomes - width_of(row.outcome) + kGap, ' ');
    out.append(padded(row.name, names));
    add(row.found, Style::kPlain, true);
    if (!row.advice.empty()) add(row.advice, Style::kBold, false);
  }
  return out;
}

}  // namespace shunt::app

#include "labelled_page.hpp"

#include <algorithm>

#include "shunt/base/display_text.hpp"
#include "text_table.hpp"

namespace shunt::app {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kLabelWidth = 10;
// Narrower than this a page cannot be read however it is broken.
constexpr std::size_t kLeastText = 30;

}  // namespace

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
    if (!line.empty() && width_of(line) + 1 + width_of(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    line.append(line.empty() ? "" : " ").append(word);
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

void LabelledPage::headline(std::string_view text, Style style) {
  out_.append(terminal_.styled(style, displayable(text))).append("\n");
}

void LabelledPage::line(std::string_view label, std::string_view text, Style style, Style label_style) {
  std::string shown(label);
  shown.resize(std::max(kLabelWidth, shown.size() + 1), ' ');
  const std::size_t before = kIndent + shown.size();
  std::size_t width = std::string_view::npos;
  // What is piped is for programs and other people's terminals: a line stays a line.
  if (terminal_.is_terminal()) width = std::max(terminal_.columns(), before + kLeastText) - before;
  bool first = true;
  for (const std::string& each : wrapped(displayable(text), width)) {
    out_.append(kIndent, ' ');
    out_.append(first ? terminal_.styled(label_style, shown) : std::string(shown.size(), ' '));
    out_.append(terminal_.styled(style, each)).append("\n");
    first = false;
  }
}

}  // namespace shunt::app

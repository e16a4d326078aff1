#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "shunt/base/display_text.hpp"

namespace shunt::app {
namespace {

// https://no-color.org: present and not empty.
bool wants_colour() {
  const char* const no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* const term = std::getenv("TERM");
  return term != nullptr && std::string_view(term) != "dumb";
}

std::string_view code_of(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kRed:
      return "\x1b[31m";
    case Style::kGreen:
      return "\x1b[32m";
    case Style::kYellow:
      return "\x1b[33m";
    case Style::kCyan:
      return "\x1b[36m";
  }
  return "";
}

}  // namespace

Terminal::Terminal(int descriptor)
    : descriptor_(descriptor),
      is_terminal_(::isatty(descriptor) == 1),
      has_colour_(is_terminal_ && wants_colour()) {}

std::size_t Terminal::columns() const noexcept {
  winsize size{};
  if (is_terminal_ && ::ioctl(descriptor_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

std::string Terminal::styled(Style style, std::string_view text) const {
  if (!has_colour_ || style == Style::kPlain) return std::string(text);
  return std::string(code_of(style)).append(text).append("\x1b[0m");
}

void complain(std::string_view message) {
  static const Terminal terminal(STDERR_FILENO);
  std::cerr << terminal.styled(Style::kRed, "shunt:") << ' ' << displayable(message, LineBreaks::kKept)
            << std::endl;
}

}  // namespace shunt::app

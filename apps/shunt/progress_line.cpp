#include "progress_line.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "shunt/base/display_text.hpp"
#include "shunt/base/json.hpp"
#include "text_table.hpp"

namespace shunt::app {
namespace {

constexpr std::size_t kBarWidth = 30;

}  // namespace

std::string progress_bar(double fraction, std::string_view message, std::size_t columns) {
  const double share = std::clamp(fraction, 0.0, 1.0);
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(kBarWidth));
  std::string percent = std::to_string(static_cast<int>(share * 100));
  percent.insert(0, 3 - percent.size(), ' ');
  std::string line =
      '[' + std::string(filled, '#') + std::string(kBarWidth - filled, '-') + "] " + percent + '%';
  if (!message.empty()) line += ' ' + displayable(message);
  // One column stays free, since a full line would wrap on some terminals.
  if (line.size() >= columns)
    line.resize(utf8_complete_prefix(line.substr(0, columns > 1 ? columns - 1 : 0)));
  return line;
}

ProgressLine::ProgressLine() : terminal_(STDERR_FILENO) {}

void ProgressLine::show(double fraction, std::string_view message) {
  if (!terminal_.is_terminal()) return;
  std::string line = progress_bar(fraction, message, terminal_.columns());
  if (line == shown_) return;
  std::cerr << "\r\x1b[K" << line << std::flush;
  shown_ = std::move(line);
}

void ProgressLine::log(std::string_view level, std::string_view message) {
  if (!terminal_.is_terminal()) return;
  const std::string bar = shown_;
  clear();
  std::cerr << terminal_.styled(Style::kDim, std::string(level) + ": " + displayable(message)) << '\n'
            << bar << std::flush;
  shown_ = bar;
}

void ProgressLine::clear() {
  if (shown_.empty()) return;
  std::cerr << "\r\x1b[K" << std::flush;
  shown_.clear();
}

}  // namespace shunt::app

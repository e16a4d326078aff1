#include "drivers/command/stderr_lines.hpp"

#include <charconv>
#include <utility>

namespace shunt::generation::command {

std::vector<std::string> LineCutter::push(std::string_view bytes) {
  std::vector<std::string> lines;
  for (const char c : bytes) {
    if (c == '\n' || c == '\r') {
      // \r\n gives one line, and lines without a character tell nobody anything.
      if (!line_.empty()) lines.push_back(std::exchange(line_, {}));
    } else if (line_.size() < max_line_bytes_) {
      line_ += c;
    }
  }
  return lines;
}

std::optional<std::string> LineCutter::finish() {
  if (line_.empty()) return std::nullopt;
  return std::exchange(line_, {});
}

std::optional<ProgressLine> parse_progress(std::string_view line) {
  constexpr std::string_view kPrefix = "progress:";
  if (!line.starts_with(kPrefix)) return std::nullopt;
  line.remove_prefix(kPrefix.size());
  const auto skip_spaces = [&line] {
    while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
  };
  skip_spaces();
  double number = 0;
  const auto [end, failure] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (failure != std::errc{}) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  if (line.starts_with('%')) {
    number /= 100;
    line.remove_prefix(1);
  }
  if (!(number >= 0 && number <= 1)) return std::nullopt;
  if (!line.empty() && line.front() != ' ' && line.front() != '\t') return std::nullopt;
  skip_spaces();
  return ProgressLine{number, line};
}

}  // namespace shunt::generation::command

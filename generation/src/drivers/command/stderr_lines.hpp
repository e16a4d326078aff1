#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// Cuts a program's standard error into lines; a line beyond the limit is cut, the rest of it is dropped.
class LineCutter {
 public:
  explicit LineCutter(std::size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

  // The lines that `bytes` completes, without their ends (\n or \r\n; a bare \r too, as progress bars write).
  [[nodiscard]] std::vector<std::string> push(std::string_view bytes);
  // What came after the last line end.
  [[nodiscard]] std::optional<std::string> finish();

  [[nodiscard]] std::size_t held_bytes() const noexcept { return line_.capacity(); }

 private:
  const std::size_t max_line_bytes_;
  std::string line_;
};

struct ProgressLine {
  double fraction;
  std::string_view message;
};
// "progress: 0.5 loading" or "progress: 50% loading"; nullopt: an ordinary line.
[[nodiscard]] std::optional<ProgressLine> parse_progress(std::string_view line);

}  // namespace shunt::generation::command

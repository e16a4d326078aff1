#pragma once

#include <string>
#include <string_view>

#include "namespace.hpp"
#include "terminal.hpp"

namespace shunt::app {

// The last line of standard error, redrawn in place while a generation runs. Silent unless standard error is
// a terminal.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  [[nodiscard]] bool visible() const noexcept { return terminal_.is_terminal(); }
  void show(double fraction, std::string_view message);
  // A line of its own above the bar.
  void log(std::string_view level, std::string_view message);
  // Takes the bar away, before something else is printed.
  void clear();

 private:
  const Terminal terminal_;
  std::string shown_;
};

// "[#####-----]  50% message", at most `columns` wide.
[[nodiscard]] std::string progress_bar(double fraction, std::string_view message, std::size_t columns);

}  // namespace shunt::app

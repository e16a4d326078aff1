#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// Writes a program's standard error into the process's log: the first lines as they come, and at the end what
// came last, so that a program that says much costs little, and its last words are there.
class StderrLog {
 public:
  StderrLog(std::string id, std::string model) : id_(std::move(id)), model_(std::move(model)) {}

  // Takes a line as displayable() makes it.
  void line(std::string_view displayable_line);
  // The program has ended: the last lines, if not all have been written.
  void finish();

  // The last kilobytes of what came, a line each.
  [[nodiscard]] const std::string& tail() const noexcept { return tail_; }

 private:
  const std::string id_;
  const std::string model_;
  std::size_t lines_ = 0;
  std::string tail_;
};

}  // namespace shunt::generation::command

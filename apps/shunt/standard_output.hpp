#pragma once

#include <array>
#include <optional>
#include <streambuf>

#include "namespace.hpp"
#include "shunt/base/error.hpp"

namespace shunt::app {

// std::cout for as long as this lives, and what became of it: a reader that has gone ends a command quietly,
// a full disk is a failure of the command.
class StandardOutput : private std::streambuf {
 public:
  StandardOutput();
  ~StandardOutput() override;
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;

  // Says that this process has more to do than to print: from now on it does not matter whether its output is
  // read.
  static void forgive() noexcept;

  // The process's exit code where the command's own is `code`. Writes what is left.
  [[nodiscard]] int exit_code(int code);

 private:
  int_type overflow(int_type c) override;
  int sync() override;

  std::array<char, 8192> buffer_{};
  std::streambuf* const before_;
  std::optional<Error> failure_;
};

}  // namespace shunt::app

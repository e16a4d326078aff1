#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/error.hpp"
#include "shunt/config/namespace.hpp"

namespace shunt::config {

// What is wrong with a configuration, gathered, so that one run names every mistake.
class Problems {
 public:
  // "shunt.toml:12: server.threads must be a whole number from 0 to 256; got -1"
  void add(std::string source, std::string setting, std::string_view what);

  [[nodiscard]] bool empty() const noexcept { return problems_.empty(); }

  // One error for all: `invalid_configuration`, a line a problem, `details.problems` for programs.
  [[nodiscard]] Error error() const;

 private:
  struct Problem {
    std::string source;
    std::string setting;
    std::string message;
  };
  std::vector<Problem> problems_;
};

}  // namespace shunt::config

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shunt/site/namespace.hpp"

namespace shunt::site {

enum class Severity { kOk, kWarning, kProblem };
[[nodiscard]] std::string_view severity_name(Severity severity) noexcept;  // "ok"

// What a look at one thing has found.
struct Finding {
  std::string name;  // "redis.memory", "model.speech": stable, for programs
  Severity severity = Severity::kOk;
  std::string found;   // a sentence
  std::string advice;  // what to do; "" where there is nothing to do
};

// The gravest; kOk of none.
[[nodiscard]] Severity worst_of(const std::vector<Finding>& findings) noexcept;

}  // namespace shunt::site

#pragma once

#include <string>
#include <utility>

#include "shunt/site/finding.hpp"
#include "shunt/site/namespace.hpp"

namespace shunt::site {

[[nodiscard]] inline Finding fine(std::string name, std::string found) {
  return {std::move(name), Severity::kOk, std::move(found), {}};
}
[[nodiscard]] inline Finding warning(std::string name, std::string found, std::string advice) {
  return {std::move(name), Severity::kWarning, std::move(found), std::move(advice)};
}
[[nodiscard]] inline Finding problem(std::string name, std::string found, std::string advice) {
  return {std::move(name), Severity::kProblem, std::move(found), std::move(advice)};
}

}  // namespace shunt::site

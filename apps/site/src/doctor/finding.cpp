#include "shunt/site/finding.hpp"

#include <algorithm>

namespace shunt::site {

std::string_view severity_name(Severity severity) noexcept {
  if (severity == Severity::kOk) return "ok";
  return severity == Severity::kWarning ? "warning" : "problem";
}

Severity worst_of(const std::vector<Finding>& findings) noexcept {
  Severity worst = Severity::kOk;
  for (const Finding& finding : findings) worst = std::max(worst, finding.severity);
  return worst;
}

}  // namespace shunt::site

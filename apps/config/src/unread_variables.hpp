#pragma once

#include <string>
#include <vector>

#include "shunt/config/configuration.hpp"
#include "shunt/config/namespace.hpp"

namespace shunt::config {

// A setting and the variable that gives it: "queue.enabled", "QUEUE_ENABLED".
struct SettingVariable {
  std::string setting;
  std::string variable;
};

// Of `set`, the names of environment variables, those that were meant for a setting and give none: a mistyped
// name, the name that follows from a setting's where that has another one, or a model's setting, which has
// none. Others that begin with SHUNT_ are somebody else's business: orchestrators and scripts set such.
[[nodiscard]] std::vector<UnreadVariable> unread_variables(const std::vector<std::string>& set,
                                                           const std::vector<SettingVariable>& settings,
                                                           const std::vector<std::string>& used_elsewhere);

}  // namespace shunt::config

#pragma once

#include <string>
#include <utility>

#include "setting.hpp"
#include "shunt/config/namespace.hpp"

namespace shunt::config {

// SHUNT_SERVER_MAX_BODY_BYTES for server.max_body_bytes.
[[nodiscard]] inline std::string variable_of(std::string_view name) {
  std::string variable = "SHUNT_";
  for (const char c : name) {
    const bool lower = c >= 'a' && c <= 'z';
    variable += c == '.' ? '_' : lower ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return variable;
}

// A setting outside of tables with names: it can come from the environment too.
template <typename Kind, typename Access>
Setting<Configuration> general(std::string name, const Kind& kind, Access access, std::string doc) {
  std::string variable = variable_of(name);
  return setting<Configuration>(std::move(name), kind, access, std::move(doc)).env(std::move(variable));
}

}  // namespace shunt::config

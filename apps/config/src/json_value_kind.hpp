#pragma once

#include <optional>
#include <string>

#include "node.hpp"
#include "shunt/base/json.hpp"
#include "shunt/config/namespace.hpp"

namespace shunt::config::kind {

// Any value that JSON has, but null: what a request could say. In an environment variable or a flag it is
// JSON, or else a text as it stands.
struct JsonValue {
  using Value = Json;
  [[nodiscard]] std::optional<Value> read(const Node& node) const;
  [[nodiscard]] std::string show(const Value& value) const;
  [[nodiscard]] std::string type() const { return "any value"; }
  [[nodiscard]] std::string bounds() const { return {}; }
  [[nodiscard]] std::string allowed() const {
    return "a text, a number, a boolean, a list or a table, without dates";
  }
};

}  // namespace shunt::config::kind

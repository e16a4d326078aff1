#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "shunt/config/namespace.hpp"

namespace shunt::config {

// A configuration value as it was given, with the place it came from: the light form in which the rest of
// this part sees a TOML file, an environment variable or a flag.
struct Node;
struct Entry;
using List = std::vector<Node>;
using Table = std::vector<Entry>;  // in the order of the file

// Text of an environment variable or a flag: whether it is a number or a boolean is for the setting to say.
struct Untyped {
  std::string text;
};

// A date or a time: TOML has them, no setting wants one.
struct Moment {
  std::string text;
};

struct Node {
  std::variant<bool, std::int64_t, double, std::string, List, Table, Untyped, Moment> value;
  std::string source;  // "shunt.toml:12", "environment SHUNT_LOG_LEVEL", "--listen"
};

struct Entry {
  std::string key;
  Node node;
};

// The value as one would write it, cut after some 60 bytes, for error messages.
[[nodiscard]] std::string show(const Node& node);

// "text" with TOML's escapes.
[[nodiscard]] std::string in_quotes(std::string_view text);

// A table's key: bare where TOML allows it, else quoted.
[[nodiscard]] std::string key_text(std::string_view key);

}  // namespace shunt::config

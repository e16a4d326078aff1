#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "shunt/base/json.hpp"
#include "shunt/flip/namespace.hpp"

// Members of what other processes of a fleet have written, some of them of another version: what is missing
// or of another kind reads as nothing, and everything is bounded.
namespace shunt::flip {

// Control characters become spaces, since people see it on a terminal.
[[nodiscard]] inline std::string text_in(const JsonObject& object, std::string_view name, std::size_t most) {
  const Json* const value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  const std::string_view text = value->get_string();
  std::string line(text.substr(0, valid_utf8_prefix(text.substr(0, most))));
  std::ranges::replace_if(line, [](unsigned char c) { return c < ' ' || c == 0x7F; }, ' ');
  return line;
}

[[nodiscard]] inline std::uint64_t count_in(const JsonObject& object, std::string_view name,
                                            std::int64_t most = kMaxSafeInteger) {
  const Json* const value = object.if_contains(name);
  if (value == nullptr || !value->is_int64()) return 0;
  return static_cast<std::uint64_t>(std::clamp<std::int64_t>(value->get_int64(), 0, most));
}

[[nodiscard]] inline double number_in(const JsonObject& object, std::string_view name) {
  const Json* const value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return 0;
  return value->to_number<double>();
}

[[nodiscard]] inline const JsonObject* object_in(const JsonObject& object, std::string_view name) {
  const Json* const value = object.if_contains(name);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

[[nodiscard]] inline const JsonArray* array_in(const JsonObject& object, std::string_view name) {
  const Json* const value = object.if_contains(name);
  return value != nullptr && value->is_array() ? &value->get_array() : nullptr;
}

}  // namespace shunt::flip

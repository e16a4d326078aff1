#pragma once

#include <string>
#include <string_view>

#include "shunt/base/json.hpp"

namespace shunt::app {

// Members of answers that another version may have written: what is missing or of another type is empty.
[[nodiscard]] inline std::string text_in(const JsonObject& object, std::string_view name) {
  const Json* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}
[[nodiscard]] inline double number_in(const JsonObject& object, std::string_view name) {
  const Json* value = object.if_contains(name);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}
[[nodiscard]] inline bool is_true_in(const JsonObject& object, std::string_view name) {
  const Json* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}
[[nodiscard]] inline const JsonObject& object_in(const JsonObject& object, std::string_view name) {
  static const JsonObject none;
  const Json* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : none;
}
[[nodiscard]] inline const JsonArray& array_in(const JsonObject& object, std::string_view name) {
  static const JsonArray none;
  const Json* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

}  // namespace shunt::app

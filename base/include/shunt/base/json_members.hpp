#pragma once

#include <string_view>

#include "shunt/base/json.hpp"

// Members of objects that others wrote, for readers that go on with what they find: a member that is missing,
// or of another type, reads as empty. Who has to refuse such an object uses JsonObjectReader. What is
// returned lives as long as the object.
namespace shunt::base {

[[nodiscard]] inline std::string_view text_in(const JsonObject& object, std::string_view name) noexcept {
  const Json* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

[[nodiscard]] inline double number_in(const JsonObject& object, std::string_view name) {
  const Json* const value = object.if_contains(name);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

[[nodiscard]] inline bool is_true_in(const JsonObject& object, std::string_view name) noexcept {
  const Json* const value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

// nullptr where there is no object.
[[nodiscard]] inline const JsonObject* find_object(const JsonObject& object, std::string_view name) noexcept {
  const Json* const value = object.if_contains(name);
  return value != nullptr ? value->if_object() : nullptr;
}

[[nodiscard]] inline const JsonObject& object_in(const JsonObject& object, std::string_view name) {
  static const JsonObject none;
  const JsonObject* const found = find_object(object, name);
  return found != nullptr ? *found : none;
}

[[nodiscard]] inline const JsonArray& array_in(const JsonObject& object, std::string_view name) {
  static const JsonArray none;
  const Json* const value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

}  // namespace shunt::base

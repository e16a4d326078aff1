#include "json_value_kind.hpp"

#include <cmath>
#include <utility>

namespace shunt::config::kind {
namespace {

std::optional<Json> json_of(const Node& node);

std::optional<Json> json_of(const List& list) {
  JsonArray array;
  for (const Node& element : list) {
    auto value = json_of(element);
    if (!value) return std::nullopt;
    array.push_back(std::move(*value));
  }
  return Json(std::move(array));
}

std::optional<Json> json_of(const Table& table) {
  JsonObject object;
  for (const Entry& entry : table) {
    auto value = json_of(entry.node);
    if (!value) return std::nullopt;
    object.insert_or_assign(entry.key, std::move(*value));
  }
  return Json(std::move(object));
}

std::optional<Json> json_of(const Untyped& given) {
  auto json = parse_json(given.text);
  if (!json) return Json(boost::json::string_view(given.text));
  if (json->is_null()) return std::nullopt;
  return std::move(*json);
}

std::optional<Json> json_of(const Node& node) {
  if (const auto* flag = std::get_if<bool>(&node.value)) return Json(*flag);
  if (const auto* text = std::get_if<std::string>(&node.value)) return Json(boost::json::string_view(*text));
  if (const auto* list = std::get_if<List>(&node.value)) return json_of(*list);
  if (const auto* table = std::get_if<Table>(&node.value)) return json_of(*table);
  if (const auto* given = std::get_if<Untyped>(&node.value)) return json_of(*given);
  if (const auto* whole = std::get_if<std::int64_t>(&node.value)) {
    // What JSON can hold without loss (base's json.hpp).
    if (*whole < -kMaxSafeInteger || *whole > kMaxSafeInteger) return std::nullopt;
    return Json(*whole);
  }
  if (const auto* number = std::get_if<double>(&node.value); number != nullptr && std::isfinite(*number))
    return Json(*number);
  return std::nullopt;
}

}  // namespace

std::optional<Json> JsonValue::read(const Node& node) const {
  return json_of(node);
}

std::string JsonValue::show(const Json& value) const {
  if (value.is_string()) return in_quotes(value.get_string());
  std::string text;
  if (value.is_array()) {
    for (const Json& element : value.get_array()) text += (text.empty() ? "" : ", ") + show(element);
    return '[' + text + ']';
  }
  if (value.is_object()) {
    for (const auto& [key, element] : value.get_object())
      text += (text.empty() ? "" : ", ") + key_text(key) + " = " + show(element);
    return text.empty() ? "{}" : "{ " + text + " }";
  }
  text = to_json_text(value);
  // TOML tells a number with a fraction from one without by the way it is written.
  if (value.is_double() && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

}  // namespace shunt::config::kind

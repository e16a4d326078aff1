#include "model_text.hpp"

#include <algorithm>

#include "shunt/base/display_text.hpp"
#include "shunt/base/json_members.hpp"

namespace shunt::app {
namespace {

void put(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  std::string padded(name);
  padded.resize(13, ' ');
  out.append(padded).append(text).append("\n");
}

std::string member_text(const JsonObject& object, std::string_view name) {
  const Json* const value = object.if_contains(name);
  return value != nullptr && !value->is_null() ? displayable_json(to_json_text(*value)) : std::string();
}

std::string type_of(const JsonObject& schema) {
  const Json* const type = schema.if_contains("type");
  if (type == nullptr) return "any JSON";
  if (text_in(schema, "format") == "binary") return "file";
  if (type->is_string()) return displayable(type->get_string());
  return "string, number or boolean";
}

// What a value must keep, in the schema's words: "maxLength 32, default "en"".
std::string bounds_of(const JsonObject& schema) {
  constexpr std::string_view kBounds[] = {
      "enum",          "minLength",         "maxLength",    "pattern",          "x-shunt-pattern",
      "minimum",       "maximum",           "minItems",     "maxItems",         "default",
      "x-shunt-types", "x-shunt-max-bytes", "x-shunt-urls", "x-shunt-url-hosts"};
  std::string text;
  for (const std::string_view bound : kBounds) {
    const std::string value = member_text(schema, bound);
    if (value.empty()) continue;
    const std::string_view name = bound.starts_with("x-shunt-") ? bound.substr(8) : bound;
    text.append(text.empty() ? "" : ", ").append(name).append(" ").append(value);
  }
  return text;
}

bool is_required(const JsonObject& schema, std::string_view member) {
  return std::ranges::any_of(array_in(schema, "required"), [member](const Json& name) {
    return name.is_string() && std::string_view(name.get_string()) == member;
  });
}

void put_members(std::string& out, const JsonObject& schema, const std::string& indent) {
  for (const auto& member : object_in(schema, "properties")) {
    if (!member.value().is_object()) continue;
    const JsonObject& of = member.value().get_object();
    out.append(indent).append(displayable(member.key())).append(": ").append(type_of(of));
    if (is_required(schema, member.key())) out += ", required";
    if (const std::string bounds = bounds_of(of); !bounds.empty()) out.append(", ").append(bounds);
    if (const std::string_view words = text_in(of, "description"); !words.empty())
      out.append("; ").append(displayable(words));
    out += '\n';
    put_members(out, of, indent + "  ");
    const JsonObject& items = object_in(of, "items");
    if (items.empty()) continue;
    out.append(indent).append("  each: ").append(type_of(items));
    if (const std::string bounds = bounds_of(items); !bounds.empty()) out.append(", ").append(bounds);
    out += '\n';
    put_members(out, items, indent + "    ");
  }
}

}  // namespace

TextTable models_table() {
  return TextTable({{"NAME"}, {"DRIVER"}, {"INPUT"}, {"DESCRIPTION"}});
}

std::vector<TextTable::Cell> model_row(const JsonObject& model) {
  const JsonObject& schema = object_in(model, "input_schema");
  std::string members;
  for (const auto& member : object_in(schema, "properties")) {
    members.append(members.empty() ? "" : ", ").append(displayable(member.key()));
    if (!is_required(schema, member.key())) members += '?';
  }
  return {{displayable(text_in(model, "name"))},
          {displayable(text_in(model, "driver"))},
          {members.empty() ? "-" : members},
          {displayable(text_in(model, "description"))}};
}

std::string model_description(const JsonObject& model) {
  std::string out;
  put(out, "name", displayable(text_in(model, "name")));
  put(out, "driver", displayable(text_in(model, "driver")));
  put(out, "description", displayable(text_in(model, "description")));
  put(out, "text field", displayable(text_in(model, "text_field")));
  if (!array_in(model, "produces").empty()) put(out, "produces", member_text(model, "produces"));
  put(out, "concurrency", member_text(model, "concurrency"));
  put(out, "max waiting", member_text(model, "max_waiting"));
  put(out, "timeout", short_duration(number_in(model, "timeout_ms") / 1000));
  const JsonObject& schema = object_in(model, "input_schema");
  put(out, "input", schema.empty() ? "no rules: anything that the model takes" : "an object with");
  put_members(out, schema, "  ");
  const Json* const others = schema.if_contains("additionalProperties");
  if (others != nullptr && others->is_bool() && !others->get_bool()) out += "  and nothing else\n";
  return out;
}

}  // namespace shunt::app

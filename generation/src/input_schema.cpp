#include "input_schema.hpp"

#include <string>

#include "shunt/generation/url_hosts.hpp"

namespace shunt::generation {
namespace {

using Type = InputRule::Type;

boost::json::string_view view(std::string_view text) {
  return {text.data(), text.size()};
}

JsonArray texts(const std::vector<std::string>& list) {
  JsonArray array;
  for (const std::string& text : list) array.emplace_back(view(text));
  return array;
}

// A whole number is written as one.
Json bound(double value) {
  constexpr auto kMost = static_cast<double>(kMaxSafeInteger);
  const bool whole =
      value >= -kMost && value <= kMost && value == static_cast<double>(static_cast<std::int64_t>(value));
  if (whole) return static_cast<std::int64_t>(value);
  return value;
}

void add_text(const InputRule& rule, JsonObject& schema) {
  schema.emplace("type", "string");
  if (!rule.choices.empty()) schema.emplace("enum", texts(rule.choices));
  if (rule.min_length > 0) schema.emplace("minLength", rule.min_length);
  if (rule.max_length) schema.emplace("maxLength", *rule.max_length);
  if (rule.pattern.empty()) return;
  if (is_portable_pattern(rule.pattern)) {
    schema.emplace("pattern", view("^(?:" + rule.pattern + ")$"));
  } else {
    schema.emplace("x-shunt-pattern", view(rule.pattern));
  }
}

void add_number(const InputRule& rule, JsonObject& schema) {
  schema.emplace("type", rule.type == Type::kInteger ? "integer" : "number");
  if (rule.minimum) schema.emplace("minimum", bound(*rule.minimum));
  if (rule.maximum) schema.emplace("maximum", bound(*rule.maximum));
}

void add_array(const CompiledRule& compiled, JsonObject& schema) {
  schema.emplace("type", "array");
  if (compiled.rule.min_items > 0) schema.emplace("minItems", compiled.rule.min_items);
  if (compiled.rule.max_items) schema.emplace("maxItems", *compiled.rule.max_items);
  if (compiled.items) schema.emplace("items", schema_of(*compiled.items));
}

void add_object(const CompiledRule& compiled, JsonObject& schema) {
  schema.emplace("type", "object");
  JsonObject properties;
  JsonArray required;
  for (const auto& [name, rule] : compiled.properties) {
    properties.emplace(name, schema_of(rule));
    if (rule.rule.required) required.emplace_back(view(name));
  }
  if (!properties.empty()) schema.emplace("properties", std::move(properties));
  if (!required.empty()) schema.emplace("required", std::move(required));
  if (compiled.rule.unlisted == Unlisted::kRefuse) schema.emplace("additionalProperties", false);
}

void add_file(const InputRule& rule, JsonObject& schema) {
  schema.emplace("type", "string");
  schema.emplace("format", "binary");
  if (!rule.types.empty()) schema.emplace("x-shunt-types", texts(rule.types));
  if (rule.max_bytes) schema.emplace("x-shunt-max-bytes", *rule.max_bytes);
  if (!rule.urls.empty()) {
    JsonArray urls;
    for (const InputRule::Url url : rule.urls) urls.emplace_back(view(url_scheme(url)));
    schema.emplace("x-shunt-urls", std::move(urls));
  }
  if (!rule.url_hosts.empty()) schema.emplace("x-shunt-url-hosts", texts(rule.url_hosts));
}

}  // namespace

bool is_portable_pattern(std::string_view pattern) {
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const std::string_view rest = pattern.substr(i);
    if (rest.starts_with("[:") || rest.starts_with("[[^")) return false;
    // Flags and names of groups are written in other ways.
    if (rest.starts_with("(?") && !rest.starts_with("(?:")) return false;
    // What stands for itself here is refused, or another thing, there: "]" outside a class, or first in one.
    const std::string_view before = pattern.substr(0, i);
    const bool first_in_class = in_class && (before.ends_with('[') || before.ends_with("[^"));
    if (pattern[i] == ']' && (!in_class || first_in_class)) return false;
    if (pattern[i] == '[' || pattern[i] == ']') in_class = pattern[i] == '[';
    if (pattern[i] != '\\' || i + 1 == pattern.size()) continue;
    const char escaped = pattern[++i];
    // JavaScript's \s has more than RE2's, and it takes no escape of what needs none.
    const std::string_view known = in_class ? "dDwWnrtfv^$\\.*+?()[]{}|/-" : "dDwWbBnrtfv^$\\.*+?()[]{}|/";
    if (known.find(escaped) == std::string_view::npos) return false;
  }
  return true;
}

JsonObject schema_of(const CompiledRule& compiled) {
  const InputRule& rule = compiled.rule;
  JsonObject schema;
  if (!rule.description.empty()) schema.emplace("description", view(rule.description));
  if (rule.any) {
    schema.emplace("type", JsonArray{"string", "number", "boolean"});
  } else if (rule.type == Type::kString) {
    add_text(rule, schema);
  } else if (rule.type == Type::kNumber || rule.type == Type::kInteger) {
    add_number(rule, schema);
  } else if (rule.type == Type::kBoolean) {
    schema.emplace("type", "boolean");
  } else if (rule.type == Type::kArray) {
    add_array(compiled, schema);
  } else if (rule.type == Type::kObject) {
    add_object(compiled, schema);
  } else if (rule.type == Type::kFile) {
    add_file(rule, schema);
  }
  if (rule.default_value) schema.emplace("default", *rule.default_value);
  return schema;
}

}  // namespace shunt::generation

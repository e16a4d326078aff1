// Whether a value keeps its rule.
#include <algorithm>
#include <cmath>
#include <utility>

#include "compiled_rule.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
namespace {

using Type = InputRule::Type;

// Code points of valid UTF-8: every byte but those that continue one.
std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string characters(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " character" : " characters");
}

std::string joined(const std::vector<std::string>& choices) {
  std::string text;
  for (const std::string& choice : choices) {
    if (!text.empty()) text += ", ";
    append_json_string(text, choice);
  }
  return text;
}

Result<void> check_text(const ValuePlace& place, const CompiledRule& compiled, std::string_view text) {
  const InputRule& rule = compiled.rule;
  const RE2* const pattern = compiled.pattern.get();
  const std::size_t length = characters_of(text);
  if (rule.max_length && length > *rule.max_length) {
    return broken_rule(place, "max_length",
                       "must have at most " + characters(*rule.max_length) + "; got " + characters(length))
        .with("limit", *rule.max_length)
        .with("received", length);
  }
  if (length < rule.min_length) {
    return broken_rule(place, "min_length",
                       "must have at least " + characters(rule.min_length) + "; got " + characters(length))
        .with("limit", rule.min_length)
        .with("received", length);
  }
  if (!rule.allow_nul && text.find('\0') != std::string_view::npos) {
    return broken_rule(place, "allow_nul", "must not contain a NUL character");
  }
  if (!rule.choices.empty() && std::ranges::find(rule.choices, text) == rule.choices.end()) {
    return broken_rule(place, "enum",
                       "must be one of " + joined(rule.choices) + "; got " +
                           shown_value(Json(boost::json::string_view(text))));
  }
  if (pattern != nullptr && !RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *pattern)) {
    return broken_rule(place, "pattern",
                       "must match the pattern " + rule.pattern + " as a whole; got " +
                           shown_value(Json(boost::json::string_view(text))));
  }
  return {};
}

Result<void> check_number(const ValuePlace& place, const InputRule& rule, const Json& value) {
  const auto number = value.to_number<double>();
  const bool fits = std::isfinite(number) && (rule.type != Type::kInteger || number == std::floor(number));
  if (!fits) {
    return broken_rule(place, "type",
                       "must be " + std::string(name_of(*rule.type)) + "; got " + shown_value(value));
  }
  if (rule.minimum && number < *rule.minimum) {
    return broken_rule(place, "minimum",
                       "must be at least " + to_json_text(*rule.minimum) + "; got " + shown_value(value))
        .with("limit", *rule.minimum);
  }
  if (rule.maximum && number > *rule.maximum) {
    return broken_rule(place, "maximum",
                       "must be at most " + to_json_text(*rule.maximum) + "; got " + shown_value(value))
        .with("limit", *rule.maximum);
  }
  return {};
}

std::string elements(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " element" : " elements");
}

Result<void> check_array(const ValuePlace& place, const CompiledRule& compiled, const JsonArray& array) {
  const InputRule& rule = compiled.rule;
  if (rule.max_items && array.size() > *rule.max_items) {
    return broken_rule(place, "max_items",
                       "must have at most " + elements(*rule.max_items) + "; got " + elements(array.size()))
        .with("limit", *rule.max_items)
        .with("received", array.size());
  }
  if (array.size() < rule.min_items) {
    return broken_rule(place, "min_items",
                       "must have at least " + elements(rule.min_items) + "; got " + elements(array.size()))
        .with("limit", rule.min_items)
        .with("received", array.size());
  }
  if (!compiled.items) return {};
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (auto checked = check_value({&place, {}, i}, *compiled.items, array[i]); !checked) return checked;
  }
  return {};
}

bool has_type(const Json& value, Type type) {
  switch (type) {
    case Type::kString:
      return value.is_string();
    case Type::kBoolean:
      return value.is_bool();
    case Type::kNumber:
    case Type::kInteger:
      return value.is_number();
    case Type::kArray:
      return value.is_array();
    case Type::kObject:
      return value.is_object();
    case Type::kFile:
      return false;  // files are not in the input
    case Type::kJson:
      break;
  }
  return true;
}

Result<void> check_any(const ValuePlace& place, const CompiledRule& compiled, const Json& value) {
  if (value.is_string()) return check_text(place, compiled, value.get_string());
  if (value.is_number() || value.is_bool()) return {};
  return broken_rule(place, "type", "must be a string, a number or a boolean; got " + shown_value(value));
}

}  // namespace

std::string ValuePlace::pointer() const {
  const std::string before = parent != nullptr ? parent->pointer() : "/input";
  if (name.data() == nullptr) return before + '/' + std::to_string(index);
  return before + '/' + pointer_token(to_valid_utf8(name.substr(0, kMaxShownBytes))) +
         (name.size() > kMaxShownBytes ? "..." : "");
}

std::string ValuePlace::words() const {
  const std::string before = parent != nullptr ? parent->words() : "input";
  if (name.data() == nullptr) return before + '[' + std::to_string(index) + ']';
  return before + '.' + to_valid_utf8(name.substr(0, kMaxShownBytes)) +
         (name.size() > kMaxShownBytes ? "..." : "");
}

std::string_view name_of(InputRule::Type type) {
  switch (type) {
    case Type::kString:
      return "a string";
    case Type::kNumber:
      return "a number";
    case Type::kInteger:
      return "a whole number";
    case Type::kArray:
      return "an array";
    case Type::kObject:
      return "an object";
    case Type::kFile:
      return R"(a file: a part of the form, or {"file": "file-..."} with an uploaded file's id)";
    case Type::kJson:
      return "any value";
    case Type::kBoolean:
      break;
  }
  return "true or false";
}

Error broken_rule(const ValuePlace& place, std::string_view rule, const std::string& what) {
  return invalid_field(place.pointer(), place.words() + ' ' + what, error_code::kInvalidInput)
      .with("rule", std::string(rule));
}

Result<void> check_value(const ValuePlace& place, const CompiledRule& compiled, const Json& value) {
  const InputRule& rule = compiled.rule;
  if (rule.any) return check_any(place, compiled, value);
  if (!has_type(value, *rule.type)) {
    return broken_rule(place, "type",
                       "must be " + std::string(name_of(*rule.type)) + "; got " + shown_value(value));
  }
  if (rule.type == Type::kJson) return {};
  if (value.is_string()) return check_text(place, compiled, value.get_string());
  if (value.is_number()) return check_number(place, rule, value);
  if (value.is_array()) return check_array(place, compiled, value.get_array());
  if (value.is_object()) return check_members(&place, compiled, value.get_object());
  return {};
}

Result<void> check_members(const ValuePlace* place, const CompiledRule& compiled, const JsonObject& members,
                           const InputFiles& files) {
  for (const auto& [name, rule] : compiled.properties) {
    const ValuePlace at{place, name};
    const Json* const value = members.if_contains(name);
    if (value == nullptr) {
      if (rule.rule.required && !files.contains(name)) return broken_rule(at, "required", "is required");
      continue;
    }
    if (auto checked = check_value(at, rule, *value); !checked) return checked;
  }
  if (compiled.rule.unlisted == Unlisted::kPass) return {};
  for (const auto& member : members) {
    if (compiled.properties.contains(std::string_view(member.key()))) continue;
    return broken_rule({place, std::string_view(member.key())}, "unlisted", "is not known");
  }
  return {};
}

}  // namespace shunt::generation

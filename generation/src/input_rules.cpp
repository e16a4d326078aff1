#include "shunt/generation/input_rules.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
namespace {

using Type = InputRule::Type;

// Bounds a pattern's program and the states that matching it builds: a pattern that needs more is refused
// when it is compiled; when states need more, RE2 goes on without keeping them, still in linear time.
constexpr std::int64_t kMaxPatternMemory = 1 << 20;
constexpr std::size_t kMaxShownBytes = 64;

std::string_view name_of(Type type) {
  switch (type) {
    case Type::kString:
      return "a string";
    case Type::kNumber:
      return "a number";
    case Type::kInteger:
      return "a whole number";
    case Type::kBoolean:
      break;
  }
  return "true or false";
}

// Code points of valid UTF-8: every byte but those that continue one.
std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string characters(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " character" : " characters");
}

std::string pointer_token(std::string_view member) {
  std::string token;
  for (const char c : member) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return token;
}

std::string joined(const std::vector<std::string>& choices) {
  std::string text;
  for (const std::string& choice : choices) {
    if (!text.empty()) text += ", ";
    append_json_string(text, choice);
  }
  return text;
}

Error broken(std::string_view member, std::string_view rule, const std::string& what) {
  return invalid_member(member, what).with("rule", std::string(rule));
}

Error wrong_rule(const std::string& member, std::string_view setting, const std::string& why) {
  return invalid_field('/' + pointer_token(member) + '/' + std::string(setting), why,
                       "invalid_configuration");
}

// The first setting that is given and belongs to another type.
std::optional<std::string_view> foreign_setting(const InputRule& rule) {
  const bool text = !rule.any && rule.type == Type::kString;
  const bool number = !rule.any && (rule.type == Type::kNumber || rule.type == Type::kInteger);
  if (rule.any && rule.type) return "type";
  if (!text && !rule.pattern.empty()) return "pattern";
  if (!text && !rule.choices.empty()) return "enum";
  if (!text && rule.min_length > 0) return "min_length";
  if (!text && rule.max_length) return "max_length";
  if (!number && rule.minimum) return "minimum";
  if (!number && rule.maximum) return "maximum";
  return std::nullopt;
}

Result<void> check_rule(const std::string& member, const InputRule& rule) {
  if (!rule.any && !rule.type) {
    return wrong_rule(member, "type",
                      R"(is missing; it must be "string", "number", "integer" or "boolean", or any = true)");
  }
  if (const auto setting = foreign_setting(rule)) {
    return wrong_rule(member, *setting,
                      rule.any ? "cannot be given beside any = true" : "is not for values of this type");
  }
  if (rule.max_length && rule.min_length > *rule.max_length) {
    return wrong_rule(member, "min_length", "is more than max_length");
  }
  if (rule.minimum && rule.maximum && *rule.minimum > *rule.maximum) {
    return wrong_rule(member, "minimum", "is more than maximum");
  }
  return {};
}

std::unique_ptr<const RE2> compile_pattern(const std::string& pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxPatternMemory);
  return std::make_unique<const RE2>(pattern, options);
}

Result<void> check_text(std::string_view member, const InputRule& rule, const RE2* pattern,
                        std::string_view text) {
  const std::size_t length = characters_of(text);
  if (rule.max_length && length > *rule.max_length) {
    return broken(member, "max_length",
                  "must have at most " + characters(*rule.max_length) + "; got " + characters(length))
        .with("limit", *rule.max_length);
  }
  if (length < rule.min_length) {
    return broken(member, "min_length",
                  "must have at least " + characters(rule.min_length) + "; got " + characters(length))
        .with("limit", rule.min_length);
  }
  if (!rule.allow_nul && text.find('\0') != std::string_view::npos) {
    return broken(member, "allow_nul", "must not contain a NUL character");
  }
  if (!rule.choices.empty() && std::ranges::find(rule.choices, text) == rule.choices.end()) {
    return broken(member, "enum",
                  "must be one of " + joined(rule.choices) + "; got " +
                      shown_value(Json(boost::json::string_view(text))));
  }
  if (pattern != nullptr && !RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *pattern)) {
    return broken(member, "pattern",
                  "must match the pattern " + rule.pattern + " as a whole; got " +
                      shown_value(Json(boost::json::string_view(text))));
  }
  return {};
}

Result<void> check_number(std::string_view member, const InputRule& rule, const Json& value) {
  const auto number = value.to_number<double>();
  const bool fits = std::isfinite(number) && (rule.type != Type::kInteger || number == std::floor(number));
  if (!fits) {
    return broken(member, "type",
                  "must be " + std::string(name_of(*rule.type)) + "; got " + shown_value(value));
  }
  if (rule.minimum && number < *rule.minimum) {
    return broken(member, "minimum",
                  "must be at least " + to_json_text(*rule.minimum) + "; got " + shown_value(value))
        .with("limit", *rule.minimum);
  }
  if (rule.maximum && number > *rule.maximum) {
    return broken(member, "maximum",
                  "must be at most " + to_json_text(*rule.maximum) + "; got " + shown_value(value))
        .with("limit", *rule.maximum);
  }
  return {};
}

bool has_type(const Json& value, Type type) {
  if (type == Type::kString) return value.is_string();
  return type == Type::kBoolean ? value.is_bool() : value.is_number();
}

Result<void> check_value(std::string_view member, const InputRule& rule, const RE2* pattern,
                         const Json& value) {
  if (rule.any) {
    if (!value.is_string() && !value.is_number() && !value.is_bool()) {
      return broken(member, "type", "must be a string, a number or a boolean; got " + shown_value(value));
    }
  } else if (!has_type(value, *rule.type)) {
    return broken(member, "type",
                  "must be " + std::string(name_of(*rule.type)) + "; got " + shown_value(value));
  }
  if (value.is_string()) return check_text(member, rule, pattern, value.get_string());
  return rule.any || value.is_bool() ? Result<void>() : check_number(member, rule, value);
}

}  // namespace

struct InputRules::Compiled {
  struct Entry {
    InputRule rule;
    std::unique_ptr<const RE2> pattern;  // nullptr: none
  };
  std::map<std::string, Entry, std::less<>> entries;
};

Result<InputRules> InputRules::compile(std::map<std::string, InputRule> rules) {
  InputRules made;
  if (rules.empty()) return made;
  auto compiled = std::make_shared<Compiled>();
  for (auto& [member, rule] : rules) {
    if (auto checked = check_rule(member, rule); !checked) return std::move(checked).error();
    Compiled::Entry entry;
    if (!rule.pattern.empty()) {
      entry.pattern = compile_pattern(rule.pattern);
      if (!entry.pattern->ok()) {
        return wrong_rule(member, "pattern", "is no pattern that RE2 takes: " + entry.pattern->error());
      }
    }
    entry.rule = std::move(rule);
    compiled->entries.emplace(member, std::move(entry));
  }
  made.compiled_ = std::move(compiled);
  return made;
}

Result<void> InputRules::check(const Json& input) const {
  if (compiled_ == nullptr) return {};
  const JsonObject* const members = input.if_object();
  if (members == nullptr) {
    return invalid_field("/input", "input must be an object; got " + shown_value(input),
                         error_code::kInvalidInput);
  }
  for (const auto& [member, entry] : compiled_->entries) {
    const Json* const value = members->if_contains(member);
    if (value == nullptr && entry.rule.required) return broken(member, "required", "is required");
    if (value == nullptr) continue;
    if (auto checked = check_value(member, entry.rule, entry.pattern.get(), *value); !checked) return checked;
  }
  return {};
}

Result<void> InputRules::check(std::string_view member, const Json& value) const {
  if (compiled_ == nullptr) return {};
  const auto entry = compiled_->entries.find(member);
  if (entry == compiled_->entries.end()) return {};
  return check_value(member, entry->second.rule, entry->second.pattern.get(), value);
}

const InputRule* InputRules::find(std::string_view member) const {
  if (compiled_ == nullptr) return nullptr;
  const auto entry = compiled_->entries.find(member);
  return entry == compiled_->entries.end() ? nullptr : &entry->second.rule;
}

Error invalid_member(std::string_view member, std::string_view what) {
  std::string name = to_valid_utf8(member.substr(0, kMaxShownBytes));
  if (member.size() > kMaxShownBytes) name += "...";
  return invalid_field("/input/" + pointer_token(name), "input." + name + ' ' + std::string(what),
                       error_code::kInvalidInput);
}

std::string shown_value(const Json& value) {
  // Only the beginning of a long text becomes JSON.
  if (const auto* text = value.if_string(); text != nullptr && text->size() > kMaxShownBytes) {
    const std::string_view start(text->data(), kMaxShownBytes);
    std::string shown;
    append_json_string(shown, to_valid_utf8(start.substr(0, utf8_complete_prefix(start))));
    return shown + "...";
  }
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  return to_json_text(value);
}

}  // namespace shunt::generation

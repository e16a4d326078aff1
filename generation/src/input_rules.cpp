#include "shunt/generation/input_rules.hpp"

#include <utility>

#include "compiled_rule.hpp"
#include "input_schema.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
// All of an input is one object.
struct InputRules::Compiled {
  CompiledRule root;
  bool has_defaults = false;
};

Result<InputRules> InputRules::compile(std::map<std::string, InputRule> rules, Unlisted unlisted) {
  InputRules made;
  if (rules.empty() && unlisted == Unlisted::kPass) return made;
  auto compiled = std::make_shared<Compiled>();
  compiled->root.rule.type = InputRule::Type::kObject;
  compiled->root.rule.unlisted = unlisted;
  for (auto& [member, rule] : rules) {
    auto made_rule = compile_rule('/' + pointer_token(member), std::move(rule));
    if (!made_rule) return std::move(made_rule).error();
    compiled->has_defaults |= made_rule->rule.default_value.has_value();
    compiled->root.properties.emplace(member, std::move(*made_rule));
  }
  made.compiled_ = std::move(compiled);
  return made;
}

void InputRules::fill_defaults(Json& input) const {
  if (compiled_ == nullptr || !compiled_->has_defaults || !input.is_object()) return;
  JsonObject& members = input.get_object();
  for (const auto& [member, rule] : compiled_->root.properties) {
    if (rule.rule.default_value && !members.contains(member))
      members.emplace(member, *rule.rule.default_value);
  }
}

Result<void> InputRules::check(const Json& input) const {
  if (compiled_ == nullptr) return {};
  const JsonObject* const members = input.if_object();
  if (members == nullptr) {
    return invalid_field("/input", "input must be an object; got " + shown_value(input),
                         error_code::kInvalidInput);
  }
  return check_members(nullptr, compiled_->root, *members);
}

Result<void> InputRules::check(std::string_view member, const Json& value) const {
  if (compiled_ == nullptr) return {};
  const auto entry = compiled_->root.properties.find(member);
  if (entry == compiled_->root.properties.end()) return {};
  return check_value({nullptr, member}, entry->second, value);
}

const InputRule* InputRules::find(std::string_view member) const {
  if (compiled_ == nullptr) return nullptr;
  const auto entry = compiled_->root.properties.find(member);
  return entry == compiled_->root.properties.end() ? nullptr : &entry->second.rule;
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

Error invalid_member(std::string_view member, std::string_view what) {
  const ValuePlace place{nullptr, member};
  return invalid_field(place.pointer(), place.words() + ' ' + std::string(what), error_code::kInvalidInput);
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

JsonObject InputRules::schema() const {
  if (compiled_ == nullptr) return {{"type", "object"}};
  JsonObject schema = schema_of(compiled_->root);
  schema.emplace("$schema", "https://json-schema.org/draft/2020-12/schema");
  return schema;
}

}  // namespace shunt::generation

#include "shunt/generation/input_rules.hpp"

#include <utility>

#include "compiled_rule.hpp"
#include "input_schema.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
namespace {

std::string listed(const std::vector<std::string>& types) {
  std::string text;
  for (const std::string& type : types) text.append(text.empty() ? "" : ", ").append(type);
  return text;
}

}  // namespace

// All of an input is one object.
struct InputRules::Compiled {
  CompiledRule root;
  bool has_defaults = false;
  std::vector<std::string> files;
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
    if (made_rule->rule.type == InputRule::Type::kFile) compiled->files.push_back(member);
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

Result<void> InputRules::check(const Json& input, const InputFiles& files) const {
  for (const auto& [member, file] : files) {
    if (auto checked = check_file(member, file.media_type, file.bytes); !checked) return checked;
  }
  if (compiled_ == nullptr) return {};
  const JsonObject* const members = input.if_object();
  if (members == nullptr) {
    return invalid_field("/input", "input must be an object; got " + shown_value(input),
                         error_code::kInvalidInput);
  }
  return check_members(nullptr, compiled_->root, *members, files);
}

Result<void> InputRules::check(std::string_view member, const Json& value) const {
  if (compiled_ == nullptr) return {};
  const auto entry = compiled_->root.properties.find(member);
  if (entry == compiled_->root.properties.end()) return {};
  return check_value({nullptr, member}, entry->second, value);
}

Result<void> InputRules::check_file(std::string_view member, std::string_view media_type,
                                    std::uint64_t bytes) const {
  const ValuePlace place{nullptr, member};
  const InputRule* const rule = find(member);
  if (rule == nullptr || rule->type != InputRule::Type::kFile) {
    return broken_rule(place, "type", "is no file of this model");
  }
  if (rule->max_bytes && bytes > *rule->max_bytes) {
    return broken_rule(place, "max_bytes",
                       "must have at most " + std::to_string(*rule->max_bytes) + " bytes; got " +
                           std::to_string(bytes))
        .with("limit", *rule->max_bytes)
        .with("received", bytes);
  }
  if (is_media_type_in(media_type, rule->types)) return {};
  return broken_rule(place, "types",
                     "must be of " + listed(rule->types) + "; got " +
                         shown_value(Json(boost::json::string_view(media_type))));
}

const std::vector<std::string>& InputRules::files() const noexcept {
  static const std::vector<std::string> kNone;
  return compiled_ == nullptr ? kNone : compiled_->files;
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

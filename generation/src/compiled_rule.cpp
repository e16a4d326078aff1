// Which rules can be.
#include "compiled_rule.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/url_hosts.hpp"

namespace shunt::generation {
namespace {

using Type = InputRule::Type;

// Bounds a pattern's program and the states that matching it builds: a pattern that needs more is refused
// when it is compiled; when states need more, RE2 goes on without keeping them, still in linear time.
constexpr std::int64_t kMaxPatternMemory = 1 << 20;

Error wrong_rule(const std::string& pointer, std::string_view setting, const std::string& why) {
  return invalid_field(pointer + '/' + std::string(setting), why, "invalid_configuration");
}

// The first setting that is given and belongs to another type.
std::optional<std::string_view> foreign_setting(const InputRule& rule) {
  const auto is = [&rule](Type type) { return !rule.any && rule.type == type; };
  const bool text = is(Type::kString);
  const bool number = is(Type::kNumber) || is(Type::kInteger);
  const std::pair<std::string_view, bool> given_elsewhere[] = {
      {"type", rule.any && rule.type},
      {"pattern", !text && !rule.pattern.empty()},
      {"enum", !text && !rule.choices.empty()},
      {"min_length", !text && rule.min_length > 0},
      {"max_length", !text && rule.max_length},
      {"minimum", !number && rule.minimum},
      {"maximum", !number && rule.maximum},
      {"min_items", !is(Type::kArray) && rule.min_items > 0},
      {"max_items", !is(Type::kArray) && rule.max_items},
      {"items", !is(Type::kArray) && !rule.items.empty()},
      {"properties", !is(Type::kObject) && !rule.properties.empty()},
      {"unlisted", !is(Type::kObject) && rule.unlisted != Unlisted::kPass},
      {"types", !is(Type::kFile) && !rule.types.empty()},
      {"max_bytes", !is(Type::kFile) && rule.max_bytes},
      {"urls", !is(Type::kFile) && !rule.urls.empty()},
      {"url_hosts", !is(Type::kFile) && !rule.url_hosts.empty()},
      {"default", is(Type::kFile) && rule.default_value},
  };
  for (const auto& [setting, foreign] : given_elsewhere) {
    if (foreign) return setting;
  }
  return std::nullopt;
}

// "image/*" beside whole types.
bool is_type_range(std::string_view type) {
  if (type == "*/*") return true;
  if (type.ends_with("/*")) return is_valid_media_type(std::string(type.substr(0, type.size() - 1)) + 'x');
  return is_valid_media_type(type);
}

Result<void> check_file_rule(const std::string& pointer, const InputRule& rule) {
  for (const std::string& type : rule.types) {
    if (is_type_range(type)) continue;
    return wrong_rule(pointer, "types",
                      "must have media types or ranges, as in \"image/png\" or \"image/*\"; got " +
                          shown_value(Json(boost::json::string_view(type))));
  }
  for (const std::string& host : rule.url_hosts) {
    if (is_host_pattern(host)) continue;
    return wrong_rule(pointer, "url_hosts",
                      "must have names of hosts, as in \"example.com\" or \"*.example.com\"; got " +
                          shown_value(Json(boost::json::string_view(host))));
  }
  const bool fetches = std::ranges::find(rule.urls, InputRule::Url::kHttps) != rule.urls.end();
  if (!rule.url_hosts.empty() && !fetches) {
    return wrong_rule(pointer, "url_hosts", "is never used, since urls has no \"https\"");
  }
  return {};
}

Result<void> check_bounds(const std::string& pointer, const InputRule& rule) {
  if (rule.max_length && rule.min_length > *rule.max_length) {
    return wrong_rule(pointer, "min_length", "is more than max_length");
  }
  if (rule.max_items && rule.min_items > *rule.max_items) {
    return wrong_rule(pointer, "min_items", "is more than max_items");
  }
  if (rule.minimum && rule.maximum && *rule.minimum > *rule.maximum) {
    return wrong_rule(pointer, "minimum", "is more than maximum");
  }
  if (rule.required && rule.default_value) {
    return wrong_rule(pointer, "default", "is never used, since the member is required");
  }
  return check_file_rule(pointer, rule);
}

Result<void> check_rule(const std::string& pointer, const InputRule& rule, std::size_t depth) {
  if (!rule.any && !rule.type) {
    return wrong_rule(
        pointer, "type",
        R"(is missing; it must be "string", "number", "integer", "boolean", "array", "object", )"
        R"("file" or "json", or any = true)");
  }
  if (const auto setting = foreign_setting(rule)) {
    return wrong_rule(pointer, *setting,
                      rule.any ? "cannot be given beside any = true" : "is not for values of this type");
  }
  if (depth > 1 && rule.type == Type::kFile) {
    return wrong_rule(pointer, "type", "cannot be \"file\" here: a file is a member of the input itself");
  }
  // Where there is nothing around it, nothing could be filled in.
  if (depth > 1 && rule.default_value) {
    return wrong_rule(pointer, "default", "is for the members of the input itself");
  }
  if (depth > kMaxRuleDepth) {
    return wrong_rule(pointer, "type", "lies more than " + std::to_string(kMaxRuleDepth) + " rules deep");
  }
  return check_bounds(pointer, rule);
}

std::unique_ptr<const RE2> compile_pattern(const std::string& pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxPatternMemory);
  return std::make_unique<const RE2>(pattern, options);
}

Result<void> compile_inner(const std::string& pointer, CompiledRule& compiled, std::size_t depth) {
  for (InputRule& items : compiled.rule.items) {
    auto inner = compile_rule(pointer + "/items", std::move(items), depth + 1);
    if (!inner) return std::move(inner).error();
    compiled.items = std::make_unique<CompiledRule>(std::move(*inner));
  }
  for (auto& [name, rule] : compiled.rule.properties) {
    auto inner = compile_rule(pointer + "/properties/" + pointer_token(name), std::move(rule), depth + 1);
    if (!inner) return std::move(inner).error();
    compiled.properties.emplace(name, std::move(*inner));
  }
  compiled.rule.items.clear();
  compiled.rule.properties.clear();
  return {};
}

}  // namespace

Result<CompiledRule> compile_rule(const std::string& pointer, InputRule rule, std::size_t depth) {
  if (auto checked = check_rule(pointer, rule, depth); !checked) return std::move(checked).error();
  CompiledRule compiled;
  if (!rule.pattern.empty()) {
    compiled.pattern = compile_pattern(rule.pattern);
    if (!compiled.pattern->ok()) {
      return wrong_rule(pointer, "pattern", "is no pattern that RE2 takes: " + compiled.pattern->error());
    }
  }
  compiled.rule = std::move(rule);
  if (auto inner = compile_inner(pointer, compiled, depth); !inner) return std::move(inner).error();
  if (compiled.rule.default_value) {
    const ValuePlace place{nullptr, std::string_view(pointer).substr(pointer.rfind('/') + 1)};
    if (auto checked = check_value(place, compiled, *compiled.rule.default_value); !checked)
      return wrong_rule(pointer, "default", "breaks the rule itself: " + checked.error().message);
  }
  return compiled;
}

}  // namespace shunt::generation

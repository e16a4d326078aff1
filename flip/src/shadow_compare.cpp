#include "shunt/flip/shadow_compare.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::flip {
namespace {

// Whether a pointer is one of those that are not looked at, element by element.
bool matches(std::string_view pattern, std::string_view pointer) {
  while (true) {
    const std::size_t end_of_pattern = std::min(pattern.find('/', 1), pattern.size());
    const std::size_t end_of_pointer = std::min(pointer.find('/', 1), pointer.size());
    const std::string_view wanted = pattern.substr(0, end_of_pattern);
    if (wanted != "/*" && wanted != pointer.substr(0, end_of_pointer)) return false;
    pattern.remove_prefix(end_of_pattern);
    pointer.remove_prefix(end_of_pointer);
    if (pattern.empty() || pointer.empty()) return pattern.empty() && pointer.empty();
  }
}

std::string pointer_to(std::string_view parent, std::string_view name) {
  std::string pointer(parent);
  pointer += '/';
  for (const char c : name) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

// Finds the first difference, and whether a rule has passed over one.
class Comparison {
 public:
  explicit Comparison(const ShadowRules& rules) : rules_(rules) {}

  // "" where they are equal enough.
  [[nodiscard]] std::optional<std::string> difference(const Json& a, const Json& b,
                                                      const std::string& pointer) {
    if (a == b) return std::nullopt;
    const bool ignored = std::ranges::any_of(
        rules_.ignore, [&](const std::string& pattern) { return matches(pattern, pointer); });
    if (ignored) return allowed();
    if (a.is_object() && b.is_object()) return in_objects(a.get_object(), b.get_object(), pointer);
    if (a.is_array() && b.is_array()) return in_arrays(a.get_array(), b.get_array(), pointer);
    if (a.is_string() && b.is_string() && texts_agree(a.get_string(), b.get_string())) return allowed();
    if (a.is_number() && b.is_number() && numbers_agree(a.to_number<double>(), b.to_number<double>()))
      return allowed();
    return pointer.empty() ? "/" : pointer;
  }

  [[nodiscard]] bool texts_agree(std::string_view a, std::string_view b) const {
    if (rules_.text == ShadowRules::Text::kIgnored) return true;
    if (rules_.text == ShadowRules::Text::kExact) return false;
    const std::size_t shorter = std::min(a.size(), b.size());
    const std::size_t longer = std::max(a.size(), b.size());
    return static_cast<double>(shorter) >= rules_.length_band * static_cast<double>(longer);
  }
  void pass_over() { by_rules_ = true; }
  [[nodiscard]] bool by_rules() const noexcept { return by_rules_; }

 private:
  std::optional<std::string> allowed() {
    by_rules_ = true;
    return std::nullopt;
  }
  [[nodiscard]] bool numbers_agree(double a, double b) const {
    return std::abs(a - b) <= rules_.number_tolerance * std::max(std::abs(a), std::abs(b));
  }
  std::optional<std::string> in_objects(const JsonObject& a, const JsonObject& b,
                                        const std::string& pointer) {
    for (const auto& [name, value] : a) {
      const Json* const other = b.if_contains(name);
      std::string at = pointer_to(pointer, name);
      if (auto found = difference(value, other != nullptr ? *other : Json(), at)) return found;
      if (other == nullptr && value.is_null()) return at;
    }
    for (const auto& [name, value] : b) {
      if (a.if_contains(name) != nullptr) continue;
      std::string at = pointer_to(pointer, name);
      if (auto found = difference(Json(), value, at)) return found;
      if (value.is_null()) return at;
    }
    return std::nullopt;
  }
  std::optional<std::string> in_arrays(const JsonArray& a, const JsonArray& b, const std::string& pointer) {
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      std::string at = pointer + '/' + std::to_string(i);
      if (i >= a.size() || i >= b.size()) return at;
      if (auto found = difference(a[i], b[i], at)) return found;
    }
    return std::nullopt;
  }

  const ShadowRules& rules_;
  bool by_rules_ = false;
};

bool same_artifacts(const GenerationRecord& a, const GenerationRecord& b) {
  return std::ranges::equal(a.artifacts, b.artifacts, [](const Artifact& one, const Artifact& other) {
    return one.name == other.name && one.media_type == other.media_type;
  });
}

// What was said beside text. Ids are made anew for each run and say nothing.
Json parts_of(const GenerationRecord& record, bool with_logprobs) {
  if (!record.parts) return JsonObject();
  MessageParts parts = *record.parts;
  for (ToolCall& call : parts.tool_calls) call.id.clear();
  parts.audio.id.clear();
  parts.audio.expires_at.reset();
  if (!with_logprobs) parts.logprobs = {};
  std::string text;
  JsonObjectWriter object(text);
  write_parts(object, parts);
  object.close();
  auto json = parse_json(text);
  return json ? std::move(*json) : Json(JsonObject());
}

std::string_view code_of(const GenerationRecord& record) {
  return record.error ? record.error->code.text() : std::string_view();
}

}  // namespace

std::string_view shadow_class_name(ShadowClass of) noexcept {
  switch (of) {
    case ShadowClass::kEqual:
      return "equal";
    case ShadowClass::kEqualByRules:
      return "equal_by_rules";
    case ShadowClass::kOtherContent:
      return "other_content";
    case ShadowClass::kOtherError:
      return "other_error";
    case ShadowClass::kTimeout:
      return "timeout";
    case ShadowClass::kMissing:
      return "missing";
  }
  return "missing";
}

ShadowFinding compare_ends(const GenerationRecord& control, const GenerationRecord& candidate,
                           const ShadowRules& rules) {
  if (control.state != candidate.state) return {ShadowClass::kOtherError, "state"};
  if (code_of(control) != code_of(candidate)) return {ShadowClass::kOtherError, "error"};
  if (control.state != GenerationState::kSucceeded) return {};
  Comparison comparison(rules);
  if (control.text != candidate.text) {
    if (!comparison.texts_agree(control.text, candidate.text)) return {ShadowClass::kOtherContent, "text"};
    comparison.pass_over();
  }
  // An element a token: where the texts may differ, so may these.
  const bool with_logprobs = rules.text == ShadowRules::Text::kExact;
  if (auto where = comparison.difference(parts_of(control, with_logprobs), parts_of(candidate, with_logprobs),
                                         "/output"))
    return {ShadowClass::kOtherContent, *std::move(where)};
  if (auto where = comparison.difference(control.result, candidate.result, ""))
    return {ShadowClass::kOtherContent, *std::move(where)};
  if (!same_artifacts(control, candidate)) return {ShadowClass::kOtherContent, "artifacts"};
  return {comparison.by_rules() ? ShadowClass::kEqualByRules : ShadowClass::kEqual, ""};
}

}  // namespace shunt::flip

#pragma once

#include <re2/re2.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "shunt/generation/input_rules.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// How much of a value or a name that came is shown.
inline constexpr std::size_t kMaxShownBytes = 64;

// A rule with its pattern, and those within it.
struct CompiledRule {
  InputRule rule;
  std::unique_ptr<const RE2> pattern;   // nullptr: none
  std::unique_ptr<CompiledRule> items;  // nullptr: anything
  std::map<std::string, CompiledRule, std::less<>> properties;
};

// Where a value lies in an input. Made on the way down, and read only where something is wrong.
struct ValuePlace {
  const ValuePlace* parent = nullptr;  // nullptr: a member of the input
  std::string_view name{};             // of a member
  std::size_t index = 0;               // of an element: those have no name

  [[nodiscard]] std::string pointer() const;  // "/input/tags/2"
  [[nodiscard]] std::string words() const;    // "input.tags[2]"
};

// `pointer` is that of the rule: "/MEMBER".
[[nodiscard]] Result<CompiledRule> compile_rule(const std::string& pointer, InputRule rule,
                                                std::size_t depth = 1);

[[nodiscard]] Result<void> check_value(const ValuePlace& place, const CompiledRule& rule, const Json& value);
[[nodiscard]] Result<void> check_members(const ValuePlace* place, const CompiledRule& rule,
                                         const JsonObject& members, const InputFiles& files = {});

// What a value must be, after "must be ": "a string".
[[nodiscard]] std::string_view name_of(InputRule::Type type);

// "input.MEMBER WHAT", with what the rule is called.
[[nodiscard]] Error broken_rule(const ValuePlace& place, std::string_view rule, const std::string& what);

}  // namespace shunt::generation

#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "problems.hpp"
#include "shunt/config/namespace.hpp"
#include "shunt/generation/input_rules.hpp"
#include "table_fill.hpp"

namespace shunt::config {

// A [models.NAME.input.MEMBER] table, or one within it: of items, or of a property.
struct LoadedInputRule {
  std::string member{};
  std::string pointer{};             // of the rule: "/MEMBER/items"
  std::vector<std::string> names{};  // how a flag may call it below "models.NAME.": "input.MEMBER.items"
  std::string source{};
  SettingGroup group{};  // bound to the rule
};

// Reads the value of a model's `input` into `rules`, which the result is bound to. `prefix` is
// "models.NAME.input.".
[[nodiscard]] std::deque<LoadedInputRule> read_input_rules(const Table& given, const std::string& prefix,
                                                           std::map<std::string, InputRule>& rules,
                                                           Problems& problems);

// A rule that cannot be, a pattern that does not compile: what a flag may still change is checked after it.
// False if there was a problem.
[[nodiscard]] bool check_input_rule(const std::deque<LoadedInputRule>& loaded, const std::string& member,
                                    const InputRule& rule, Problems& problems);

}  // namespace shunt::config

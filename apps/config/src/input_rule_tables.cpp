#include "input_rule_tables.hpp"

#include <algorithm>
#include <utility>

#include "settings_table.hpp"
#include "value_kinds.hpp"

namespace shunt::config {
namespace {

using kind::Choice;
using kind::Count;
using kind::Maybe;
using kind::Real;
using kind::Switch;
using kind::Text;
using kind::TextList;

Choice<InputRule::Type> types() {
  using Type = InputRule::Type;
  return {{{"string", Type::kString},
           {"number", Type::kNumber},
           {"integer", Type::kInteger},
           {"boolean", Type::kBoolean}}};
}

// What JSON can hold without loss (base's json.hpp).
Maybe<Real> number() {
  constexpr auto kMost = static_cast<double>(kMaxSafeInteger);
  return {{-kMost, kMost, {}}};
}

}  // namespace

const std::vector<Setting<InputRule>>& input_rule_settings() {
  using Rule = InputRule;
  static const std::vector<Setting<Rule>> kSettings = {
      setting<Rule>("type", Maybe<Choice<Rule::Type>>{types()}, &Rule::type,
                    "What the value is. Needed unless `any` is true."),
      setting<Rule>("any", Switch{}, &Rule::any,
                    "Any text, number or boolean, instead of a type. Still no text that begins with `-` at "
                    "the start of "
                    "an argument, unless `--` stands before it."),
      setting<Rule>("required", Switch{}, &Rule::required,
                    "Whether a request without the member is refused."),
      setting<Rule>(
          "pattern", Text{}, &Rule::pattern,
          "Of a string: an RE2 expression (https://github.com/google/re2/wiki/Syntax) that the whole value "
          "must match. Empty: none."),
      setting<Rule>("enum", TextList{}, &Rule::choices, "Of a string: the only values. Empty: any."),
      setting<Rule>("min_length", Count{}, &Rule::min_length,
                    "Of a string, in characters (Unicode code points)."),
      setting<Rule>("max_length", Maybe<Count>{}, &Rule::max_length, "Likewise; looked at before all else."),
      setting<Rule>("minimum", number(), &Rule::minimum,
                    "Of a number, inclusive. Below zero it also allows the `-` of an argument."),
      setting<Rule>("maximum", number(), &Rule::maximum, "Of a number, inclusive."),
      setting<Rule>(
          "allow_leading_dash", Switch{}, &Rule::allow_leading_dash,
          "In a program's argument: a text that begins with `-`. The values of `enum` need no permission."),
      setting<Rule>("allow_slash", Switch{}, &Rule::allow_slash,
                    "In a program's argument: a text that has a `/`, or is `..`. Likewise."),
      setting<Rule>("allow_nul", Switch{}, &Rule::allow_nul,
                    "Of a string: NUL characters. An argument never has one."),
  };
  return kSettings;
}

std::deque<LoadedInputRule> read_input_rules(const Table& given, const std::string& prefix,
                                             std::map<std::string, InputRule>& rules, Problems& problems) {
  std::deque<LoadedInputRule> loaded;
  for (const Entry& entry : given) {
    const auto* table = std::get_if<Table>(&entry.node.value);
    if (table == nullptr) {
      problems.add(
          entry.node.source, prefix + key_text(entry.key),
          "must be a table of what the member may be, as in { type = \"string\", max_length = 32 }; got " +
              show(entry.node));
      continue;
    }
    LoadedInputRule& made = loaded.emplace_back();
    made.member = entry.key;
    made.source = entry.node.source;
    made.group.prefix = prefix + key_text(entry.key) + '.';
    bind(input_rule_settings(), rules[entry.key], made.group.settings);
    fill(made.group, *table, entry.node.source, problems);
  }
  return loaded;
}

bool check_input_rule(const LoadedInputRule& loaded, const InputRule& rule, Problems& problems) {
  const auto compiled = InputRules::compile({{loaded.member, rule}});
  if (compiled) return true;
  const auto& details = compiled.error().details;
  const std::string field(details.at("field").as_string());
  const std::string name = field.substr(field.rfind('/') + 1);
  const auto setting = std::ranges::find_if(
      loaded.group.settings, [&](const BoundSetting& each) { return each.text().name == name; });
  const bool given = setting != loaded.group.settings.end() && setting->given();
  problems.add(given ? setting->explain({}).source : loaded.source, loaded.group.prefix + name,
               compiled.error().message);
  return false;
}

}  // namespace shunt::config

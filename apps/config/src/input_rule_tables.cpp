#include "input_rule_tables.hpp"

#include <algorithm>
#include <utility>

#include "json_value_kind.hpp"
#include "settings_table.hpp"
#include "value_kinds.hpp"

namespace shunt::config {
namespace {

using kind::Bytes;
using kind::Choice;
using kind::Choices;
using kind::Count;
using kind::JsonValue;
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
           {"boolean", Type::kBoolean},
           {"array", Type::kArray},
           {"object", Type::kObject},
           {"file", Type::kFile},
           {"json", Type::kJson}}};
}

Choices<InputRule::Url> url_kinds() {
  return {{{"https", InputRule::Url::kHttps}, {"data", InputRule::Url::kData}}};
}

// What JSON can hold without loss (base's json.hpp).
Maybe<Real> number() {
  constexpr auto kMost = static_cast<double>(kMaxSafeInteger);
  return {{-kMost, kMost, {}}};
}

}  // namespace

Choice<Unlisted> unlisted_kinds() {
  return {{{"pass", Unlisted::kPass}, {"refuse", Unlisted::kRefuse}}};
}

const std::vector<Setting<InputRule>>& input_rule_settings() {
  using Rule = InputRule;
  static const std::vector<Setting<Rule>> kSettings = {
      setting<Rule>(
          "type", Maybe<Choice<Rule::Type>>{types()}, &Rule::type,
          "What the value is; `file` is a file that comes beside the input, `json` anything. Needed "
          "unless `any` is true."),
      setting<Rule>("any", Switch{}, &Rule::any,
                    "Any text, number or boolean, instead of a type. Still no text that begins with `-` at "
                    "the start of "
                    "an argument, unless `--` stands before it."),
      setting<Rule>("required", Switch{}, &Rule::required,
                    "Whether a request without the member is refused."),
      setting<Rule>("description", Text{}, &Rule::description, "For people, in the schema."),
      setting<Rule>("default", Maybe<JsonValue>{}, &Rule::default_value,
                    "What the input has where a request does not say, for the members of the input itself. "
                    "It keeps the "
                    "rule."),
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
      setting<Rule>("min_items", Count{}, &Rule::min_items,
                    "Of an array. The rule of its elements is the table `items`."),
      setting<Rule>("max_items", Maybe<Count>{}, &Rule::max_items, "Likewise; looked at before them."),
      setting<Rule>(
          "unlisted", unlisted_kinds(), &Rule::unlisted,
          "Of an object, whose members have rules in the table `properties`: what becomes of others."),
      setting<Rule>("types", TextList{}, &Rule::types,
                    "Of a file: its media types, as `image/png` or `image/*`. Empty: any."),
      setting<Rule>("max_bytes", Maybe<Bytes>{}, &Rule::max_bytes,
                    "Of a file. Not set: as `files.max_bytes`."),
      setting<Rule>("urls", url_kinds(), &Rule::urls,
                    "Of a file: what a request may give in its place, for Shunt to fetch: `https` and `data` "
                    "URLs. Empty: neither."),
      setting<Rule>("url_hosts", TextList{}, &Rule::url_hosts,
                    "Of a file: the hosts that `https` URLs may name, as `example.com` or `*.example.com`. "
                    "Empty: every public one."),
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

namespace {

// One table, and those within it.
class RuleReader {
 public:
  RuleReader(std::deque<LoadedInputRule>& loaded, Problems& problems)
      : loaded_(loaded), problems_(problems) {}

  // `place` has the names of the rule, but for its own group.
  void read(const Entry& entry, LoadedInputRule place, InputRule& rule, std::size_t depth) {
    const auto* const given = std::get_if<Table>(&entry.node.value);
    if (given == nullptr) {
      problems_.add(
          entry.node.source, place.group.prefix.substr(0, place.group.prefix.size() - 1),
          "must be a table of what the member may be, as in { type = \"string\", max_length = 32 }; got " +
              show(entry.node));
      return;
    }
    Table table = *given;
    LoadedInputRule& made = loaded_.emplace_back(std::move(place));
    made.source = entry.node.source;
    // Deeper ones are refused when the rules are compiled.
    if (depth <= kMaxRuleDepth) read_within(table, made, rule, depth);
    bind(input_rule_settings(), rule, made.group.settings);
    made.group.also_known = {"items", "properties"};
    fill(made.group, table, entry.node.source, problems_);
  }

 private:
  void read_within(Table& table, const LoadedInputRule& place, InputRule& rule, std::size_t depth) {
    if (auto items = take_entry(table, "items")) {
      read(*items, within(place, "items", "items"), rule.items.emplace_back(), depth + 1);
    }
    auto properties = take_entry(table, "properties");
    if (!properties) return;
    const auto* const members = std::get_if<Table>(&properties->node.value);
    if (members == nullptr) {
      problems_.add(properties->node.source, place.group.prefix + "properties",
                    "must be a table of rules; got " + show(properties->node));
      return;
    }
    for (const Entry& member : *members) {
      read(member,
           within(place, "properties." + key_text(member.key), "properties/" + pointer_token(member.key)),
           rule.properties[member.key], depth + 1);
    }
  }
  static LoadedInputRule within(const LoadedInputRule& place, const std::string& name,
                                const std::string& token) {
    LoadedInputRule inner;
    inner.member = place.member;
    inner.pointer = place.pointer + '/' + token;
    inner.names = place.names;
    for (std::string& known : inner.names) known += '.' + name;
    inner.group.prefix = place.group.prefix + name + '.';
    return inner;
  }

  std::deque<LoadedInputRule>& loaded_;
  Problems& problems_;
};

}  // namespace

std::deque<LoadedInputRule> read_input_rules(const Table& given, const std::string& prefix,
                                             std::map<std::string, InputRule>& rules, Problems& problems) {
  std::deque<LoadedInputRule> loaded;
  RuleReader reader(loaded, problems);
  for (const Entry& entry : given) {
    LoadedInputRule place;
    place.member = entry.key;
    place.pointer = '/' + pointer_token(entry.key);
    place.names = {"input." + key_text(entry.key), "input." + entry.key};
    place.group.prefix = prefix + key_text(entry.key) + '.';
    reader.read(entry, std::move(place), rules[entry.key], 1);
  }
  return loaded;
}

bool check_input_rule(const std::deque<LoadedInputRule>& loaded, const std::string& member,
                      const InputRule& rule, Problems& problems) {
  const auto compiled = InputRules::compile({{member, rule}});
  if (compiled) return true;
  const std::string field(compiled.error().details.at("field").as_string());
  const std::string name = field.substr(field.rfind('/') + 1);
  const std::string pointer = field.substr(0, field.rfind('/'));
  for (const LoadedInputRule& each : loaded) {
    if (each.pointer != pointer) continue;
    const auto setting = std::ranges::find_if(
        each.group.settings, [&](const BoundSetting& bound) { return bound.text().name == name; });
    const bool given = setting != each.group.settings.end() && setting->given();
    problems.add(given ? setting->explain({}).source : each.source, each.group.prefix + name,
                 compiled.error().message);
    return false;
  }
  // Too deep to have been read.
  problems.add("", pointer, compiled.error().message);
  return false;
}

}  // namespace shunt::config

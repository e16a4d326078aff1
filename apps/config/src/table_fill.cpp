#include "table_fill.hpp"

#include <algorithm>
#include <utility>

#include "shunt/config/did_you_mean.hpp"

namespace shunt::config {
namespace {

BoundSetting* find(SettingGroup& group, std::string_view name) {
  const auto found =
      std::ranges::find_if(group.settings, [&](const BoundSetting& s) { return s.text().name == name; });
  return found == group.settings.end() ? nullptr : &*found;
}

bool is_section(const SettingGroup& group, const std::string& name) {
  return std::ranges::any_of(group.settings,
                             [&](const BoundSetting& s) { return s.text().name.starts_with(name + '.'); });
}

// Names, and the sections they are in.
std::vector<std::string> known_names(const SettingGroup& group) {
  std::vector<std::string> known = group.also_known;
  for (const BoundSetting& setting : group.settings) {
    const std::string& name = setting.text().name;
    known.push_back(name);
    if (const std::size_t dot = name.find('.'); dot != std::string::npos)
      known.push_back(name.substr(0, dot));
  }
  return known;
}

// A right word in the wrong section: "server.listen" for a "listen" at the top.
std::string elsewhere(std::string_view name, const std::vector<std::string>& known) {
  const std::string ending = '.' + std::string(name.substr(name.rfind('.') + 1));
  const auto found =
      std::ranges::find_if(known, [&](const std::string& word) { return word.ends_with(ending); });
  return found == known.end() ? "" : "; did you mean " + in_quotes(*found) + '?';
}

void add_unknown(const SettingGroup& group, std::string_view name, const std::string& source,
                 Problems& problems) {
  if (const auto foreign = group.foreign.find(name); foreign != group.foreign.end()) {
    problems.add(source, group.prefix + std::string(name),
                 "is not a setting here, but of " + foreign->second);
    return;
  }
  const std::vector<std::string> known = known_names(group);
  std::string hint = did_you_mean(name, known);
  if (hint.empty()) hint = elsewhere(name, known);
  problems.add(source, group.prefix + std::string(name), "is not a setting" + hint);
}

void fill_section(SettingGroup& group, const Table& table, const std::string& section, Problems& problems) {
  for (const Entry& entry : table) {
    const std::string name = section + entry.key;
    const auto* inner = std::get_if<Table>(&entry.node.value);
    if (find(group, name) == nullptr && is_section(group, name)) {
      if (inner != nullptr) {
        fill_section(group, *inner, name + '.', problems);
      } else {
        problems.add(entry.node.source, group.prefix + name, "must be a table; got " + show(entry.node));
      }
      continue;
    }
    fill_one(group, name, entry.node, problems);
  }
}

}  // namespace

void fill(SettingGroup& group, const Table& table, const std::string& source, Problems& problems) {
  fill_section(group, table, "", problems);
  for (const BoundSetting& setting : group.settings) {
    const SettingText& text = setting.text();
    if (text.required && !setting.given()) {
      problems.add(source, group.prefix + text.name, "is missing; it must be " + text.allowed);
    }
  }
}

void fill_one(SettingGroup& group, std::string_view name, const Node& given, Problems& problems) {
  if (BoundSetting* const setting = find(group, name)) {
    setting->take(given, group.prefix + std::string(name), problems);
  } else {
    add_unknown(group, name, given.source, problems);
  }
}

std::optional<Entry> take_entry(Table& table, std::string_view path) {
  const std::size_t dot = path.find('.');
  const auto found = std::ranges::find(table, path.substr(0, dot), &Entry::key);
  if (found == table.end()) return std::nullopt;
  if (dot != std::string_view::npos) {
    auto* const inner = std::get_if<Table>(&found->node.value);
    return inner == nullptr ? std::nullopt : take_entry(*inner, path.substr(dot + 1));
  }
  Entry taken = std::move(*found);
  table.erase(found);
  return taken;
}

}  // namespace shunt::config

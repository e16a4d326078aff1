#include <map>

#include "settings_table.hpp"
#include "shunt/config/configuration.hpp"

namespace shunt::config {
namespace {

using ByName = std::map<std::string, const Explained*, std::less<>>;

ByName by_name(const Loaded& loaded) {
  ByName names;
  for (const Explained& each : loaded.explained) names.emplace(each.name, &each);
  return names;
}

// A model or a key that only one of the two has is named once, and not with each of its settings.
std::string name_of_change(const Explained& each, bool in_both) {
  const bool in_table = each.name.starts_with("models.") || each.name.starts_with("server.keys");
  return in_both || !in_table ? each.name : each.name.substr(0, each.name.rfind('.'));
}

void note(std::vector<std::string>& names, std::string name) {
  if (names.empty() || names.back() != name) names.push_back(std::move(name));
}

}  // namespace

Reload reload(const Loaded& running, const Loaded& fresh) {
  Reload made{.merged = running, .taken = {}, .kept = {}};
  made.merged.explained.clear();
  const ByName before = by_name(running);
  const ByName after = by_name(fresh);
  for (const Explained& each : fresh.explained) {
    const auto found = before.find(each.name);
    const bool in_both = found != before.end();
    if (!in_both || found->second->fingerprint != each.fingerprint) {
      note(each.live ? made.taken : made.kept, name_of_change(each, in_both));
    }
    if (each.live) {
      made.merged.explained.push_back(each);
    } else if (in_both) {
      made.merged.explained.push_back(*found->second);
    }
  }
  for (const Explained& each : running.explained) {
    if (after.contains(each.name)) continue;
    note(each.live ? made.taken : made.kept, name_of_change(each, false));
    if (!each.live) made.merged.explained.push_back(each);
  }
  for (const auto& setting : general_settings()) {
    if (setting.text.live) setting.copy(made.merged.configuration, fresh.configuration);
  }
  made.merged.configuration.server.keys = fresh.configuration.server.keys;
  return made;
}

}  // namespace shunt::config

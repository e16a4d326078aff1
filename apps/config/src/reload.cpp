#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "node.hpp"
#include "settings_table.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/config/configuration.hpp"

namespace shunt::config {
namespace {

using ByName = std::map<std::string_view, const Explained*>;

ByName by_name(const Loaded& loaded) {
  ByName names;
  for (const Explained& each : loaded.explained) names.emplace(each.name, &each);
  return names;
}

std::set<std::string_view> tables_of(const Loaded& loaded) {
  std::set<std::string_view> tables;
  for (const Explained& each : loaded.explained) tables.insert(each.table);
  return tables;
}

bool is_same(const Explained& before, const Explained& after) {
  return before.fingerprint == after.fingerprint && before.secrets == after.secrets;
}

// What differs, in the order of the fresh one, and then what is gone.
class Comparison {
 public:
  Comparison(const Loaded& running, const Loaded& fresh)
      : running_(running),
        fresh_(fresh),
        tables_before_(tables_of(running)),
        tables_after_(tables_of(fresh)) {}

  [[nodiscard]] std::vector<SettingChange> changes() {
    const ByName before = by_name(running_);
    const ByName after = by_name(fresh_);
    for (const Explained& each : fresh_.explained) {
      const auto found = before.find(each.name);
      if (found == before.end()) {
        came(each);
      } else if (!is_same(*found->second, each)) {
        changes_.push_back({each.name, found->second->value, each.value, each.live});
      }
    }
    for (const Explained& each : running_.explained) {
      if (!after.contains(each.name)) went(each);
    }
    return std::move(changes_);
  }

 private:
  // A table that only one of the two has is named once.
  void came(const Explained& each) {
    if (tables_before_.contains(each.table))
      return changes_.push_back({each.name, std::nullopt, each.value, each.live});
    if (named_.insert(each.table).second) changes_.push_back({each.table, std::nullopt, "", each.live});
  }
  void went(const Explained& each) {
    if (tables_after_.contains(each.table))
      return changes_.push_back({each.name, each.value, std::nullopt, each.live});
    if (named_.insert(each.table).second) changes_.push_back({each.table, "", std::nullopt, each.live});
  }

  const Loaded& running_;
  const Loaded& fresh_;
  const std::set<std::string_view> tables_before_;
  const std::set<std::string_view> tables_after_;
  std::set<std::string_view> named_;
  std::vector<SettingChange> changes_;
};

using Settings = std::map<std::string_view, std::pair<std::string_view, std::string_view>>;

// By name, what a model's settings are.
Settings settings_of(const Loaded& loaded, std::string_view table, bool generator_alone) {
  Settings settings;
  for (const Explained& each : loaded.explained) {
    if (each.table == table && (each.of_generator || !generator_alone))
      settings.emplace(each.name,
                       std::pair(std::string_view(each.fingerprint), std::string_view(each.secrets)));
  }
  return settings;
}

std::map<std::string, ModelChange> changed_models(const Loaded& running, const Loaded& fresh) {
  std::map<std::string, ModelChange> changes;
  for (const ModelConfig& model : running.configuration.models)
    changes.emplace(model.model.name, ModelChange::kRemoved);
  for (const ModelConfig& model : fresh.configuration.models) {
    const std::string& name = model.model.name;
    const std::string table = table_of_model(name);
    if (!changes.contains(name)) {
      changes.emplace(name, ModelChange::kAdded);
    } else if (settings_of(running, table, true) != settings_of(fresh, table, true)) {
      changes[name] = ModelChange::kGenerator;
    } else if (settings_of(running, table, false) != settings_of(fresh, table, false)) {
      changes[name] = ModelChange::kLimits;
    } else {
      changes.erase(name);
    }
  }
  return changes;
}

// What `config show` of the running process would tell.
std::vector<Explained> merged_explained(const Loaded& running, const Loaded& fresh) {
  const ByName before = by_name(running);
  const ByName after = by_name(fresh);
  std::vector<Explained> merged;
  for (const Explained& each : fresh.explained) {
    const auto found = before.find(each.name);
    if (each.live) {
      merged.push_back(each);
    } else if (found != before.end()) {
      merged.push_back(*found->second);
    }
  }
  for (const Explained& each : running.explained) {
    if (!each.live && !after.contains(each.name)) merged.push_back(each);
  }
  return merged;
}

}  // namespace

std::string table_of_model(std::string_view model) {
  return "models." + key_text(model);
}

std::string_view model_change_name(ModelChange change) noexcept {
  switch (change) {
    case ModelChange::kAdded:
      return "added";
    case ModelChange::kRemoved:
      return "removed";
    case ModelChange::kLimits:
      return "limits";
    case ModelChange::kGenerator:
      return "generator";
  }
  return "";
}

Reload reload(const Loaded& running, const Loaded& fresh) {
  Reload made{.merged = running,
              .changes = Comparison(running, fresh).changes(),
              .models = changed_models(running, fresh),
              .taken = {},
              .kept = {}};
  for (const SettingChange& change : made.changes)
    (change.live ? made.taken : made.kept).push_back(change.name);
  made.merged.explained = merged_explained(running, fresh);
  for (const auto& setting : general_settings()) {
    if (setting.text.live) setting.copy(made.merged.configuration, fresh.configuration);
  }
  made.merged.configuration.server.keys = fresh.configuration.server.keys;
  made.merged.configuration.models = fresh.configuration.models;
  return made;
}

std::string digest_of(const Loaded& loaded) {
  constexpr std::size_t kDigits = 12;
  std::vector<std::string> lines;
  for (const Explained& each : loaded.explained) lines.push_back(each.name + '=' + each.fingerprint + '\n');
  std::ranges::sort(lines);
  std::string text;
  for (const std::string& line : lines) text += line;
  return sha256_hex(text).substr(0, kDigits);
}

}  // namespace shunt::config

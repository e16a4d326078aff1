#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node.hpp"
#include "problems.hpp"
#include "setting.hpp"
#include "shunt/config/namespace.hpp"

namespace shunt::config {

// A set of settings that are given together: by one table of the file, and by flags.
struct SettingGroup {
  std::string prefix{};  // "models.speech." or "": before each name when people read it
  std::vector<BoundSetting> settings{};
  std::vector<std::string> also_known{};  // names handled elsewhere, offered for a mistyped one
  std::map<std::string, std::string, std::less<>>
      foreign{};  // names that are settings, but not here: of what
};

// Gives every value of the table to its setting; unknown keys, refused values and missing required settings
// become problems. `source` is where the table is.
void fill(SettingGroup& group, const Table& table, const std::string& source, Problems& problems);

// Gives one value to the setting of this name (without the prefix), or adds the problem that there is none.
void fill_one(SettingGroup& group, std::string_view name, const Node& given, Problems& problems);

// Takes the entry at a dotted path out of a table.
[[nodiscard]] std::optional<Entry> take_entry(Table& table, std::string_view path);

}  // namespace shunt::config

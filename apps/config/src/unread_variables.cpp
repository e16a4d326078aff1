#include "unread_variables.hpp"

#include <algorithm>
#include <string_view>

#include "general_setting.hpp"
#include "shunt/config/did_you_mean.hpp"

namespace shunt::config {
namespace {

constexpr std::string_view kPrefix = "SHUNT_";

// Kubernetes tells each container of the Services beside it: of one called shunt by SHUNT_PORT and the like.
bool is_of_a_service(std::string_view name) {
  return name.ends_with("_PORT") || name.find("_PORT_") != std::string_view::npos ||
         name.ends_with("_SERVICE_HOST");
}

std::string_view without_prefix(std::string_view name) {
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

// Distances are of what follows SHUNT_, so that the prefix makes no two names alike.
std::string nearest_variable(std::string_view name, const std::vector<SettingVariable>& settings) {
  std::vector<std::string> known;
  for (const SettingVariable& each : settings) {
    if (variable_of(each.setting) == name) return each.variable;
    known.emplace_back(without_prefix(each.variable));
  }
  const std::string_view rest = without_prefix(name);
  for (const SettingVariable& each : settings) {
    if (each.variable.ends_with('_' + std::string(rest))) return each.variable;
  }
  const std::string near = nearest(rest, known);
  const auto found = std::ranges::find(known, near);
  return found == known.end() ? "" : settings[static_cast<std::size_t>(found - known.begin())].variable;
}

}  // namespace

std::vector<UnreadVariable> unread_variables(const std::vector<std::string>& set,
                                             const std::vector<SettingVariable>& settings,
                                             const std::vector<std::string>& used_elsewhere) {
  std::vector<UnreadVariable> unread;
  for (const std::string& name : set) {
    const auto gives = [&name](const SettingVariable& each) { return each.variable == name; };
    if (!name.starts_with(kPrefix) || is_of_a_service(name) || std::ranges::any_of(settings, gives) ||
        std::ranges::find(used_elsewhere, name) != used_elsewhere.end()) {
      continue;
    }
    if (name.starts_with("SHUNT_MODELS_")) {
      unread.push_back(
          {name, "A model's settings come from the file or by --set models.NAME.SETTING=VALUE."});
    } else if (const std::string meant = nearest_variable(name, settings); !meant.empty()) {
      unread.push_back({name, "Did you mean " + meant + "?"});
    }
  }
  std::ranges::sort(unread, {}, &UnreadVariable::name);
  return unread;
}

}  // namespace shunt::config

#include "settings.hpp"

#include <cstdlib>

namespace shunt::app {

Result<config::Loaded> load_settings(const SettingOptions& options) {
  config::Sources sources;
  sources.file = options.file;
  sources.flags = options.flags;
  sources.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  return config::load(sources);
}

}  // namespace shunt::app

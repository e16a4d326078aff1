#pragma once

#include "commands.hpp"
#include "namespace.hpp"
#include "shunt/base/result.hpp"
#include "shunt/config/configuration.hpp"

namespace shunt::app {

// The configuration from file, the process's environment and the command line.
[[nodiscard]] Result<config::Loaded> load_settings(const SettingOptions& options);

}  // namespace shunt::app

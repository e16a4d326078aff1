#pragma once

#include <CLI/App.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "commands.hpp"
#include "namespace.hpp"

// Options that several commands have. What they fill in outlives the command line.
namespace shunt::app {

// --config and --set.
void add_setting_options(CLI::App& command, SettingOptions& settings);
// A flag that is a short way to --set one setting.
void add_setting_flag(CLI::App& command, SettingOptions& settings, const std::string& flag,
                      const std::string& setting, const std::string& type, const std::string& help);
// --url and --api-key, and where the service is otherwise.
void add_client_options(CLI::App& command, ClientOptions& client);
// A time as "500ms" or "30s"; `take` may throw a CLI::ValidationError.
CLI::Option& add_duration_option(CLI::App& command, const std::string& flag, const std::string& help,
                                 std::function<void(std::chrono::milliseconds)> take);
void add_json_flag(CLI::App& command, bool& json, const std::string& help);

}  // namespace shunt::app

#include "command_options.hpp"

#include <CLI/Error.hpp>
#include <utility>
#include <vector>

#include "shunt/base/duration_text.hpp"

namespace shunt::app {
namespace {

// "NAME=VALUE" as CLI11 hands it over.
std::string add_setting(SettingOptions& settings, const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return "expected NAME=VALUE as in server.listen=127.0.0.1:9000, got \"" + text + '"';
  }
  settings.flags.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  return {};
}

}  // namespace

void add_setting_options(CLI::App& command, SettingOptions& settings) {
  command
      .add_option("--config", settings.file,
                  "The configuration file (otherwise $SHUNT_CONFIG, ./shunt.toml, or what is built in)")
      ->type_name("FILE");
  command
      .add_option_function<std::vector<std::string>>(
          "--set",
          [&settings](const std::vector<std::string>& texts) {
            for (const auto& text : texts) {
              if (const auto problem = add_setting(settings, text); !problem.empty()) {
                throw CLI::ValidationError("--set", problem);
              }
            }
          },
          "One setting, stronger than file and environment; repeatable (see shunt config show)")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

void add_setting_flag(CLI::App& command, SettingOptions& settings, const std::string& flag,
                      const std::string& setting, const std::string& type, const std::string& help) {
  command
      .add_option_function<std::string>(
          flag,
          [&settings, setting](const std::string& value) { settings.flags.emplace_back(setting, value); },
          help)
      ->type_name(type);
}

CLI::Option& add_duration_option(CLI::App& command, const std::string& flag, const std::string& help,
                                 std::function<void(std::chrono::milliseconds)> take) {
  return *command
              .add_option_function<std::string>(
                  flag,
                  [flag, take = std::move(take)](const std::string& text) {
                    const auto duration = parse_duration(text);
                    if (!duration) throw CLI::ValidationError(flag, duration.error().message);
                    take(*duration);
                  },
                  help)
              ->type_name("DURATION");
}

void add_json_flag(CLI::App& command, bool& json, const std::string& help) {
  command.add_flag("--json", json, help);
}

void add_client_options(CLI::App& command, ClientOptions& client) {
  command
      .add_option("--url", client.url, "The service (otherwise where the configuration says that it listens)")
      ->type_name("URL");
  command
      .add_option("--api-key", client.api_key,
                  "The API key (otherwise $SHUNT_API_KEY, which other users of the machine cannot see)")
      ->type_name("KEY");
  add_setting_options(command, client.settings);
}

}  // namespace shunt::app

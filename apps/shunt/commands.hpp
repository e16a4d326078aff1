#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shunt::app {

// What every command that reads the configuration understands.
struct SettingOptions {
  std::optional<std::string> file;                         // --config
  std::vector<std::pair<std::string, std::string>> flags;  // --set NAME=VALUE and the short forms of some
};

struct ServeOptions {
  SettingOptions settings;
};

struct GenerateOptions {
  SettingOptions settings;
  std::optional<std::string> text;   // "-": from standard input
  std::optional<std::string> model;  // unset: the configured default
  std::optional<std::string> input;  // a JSON object, or @FILE
  std::optional<std::string> output;
  std::optional<std::chrono::milliseconds> timeout;
  bool json = false;
};

struct ConfigCheckOptions {
  SettingOptions settings;
  bool json = false;
};

struct ConfigShowOptions {
  SettingOptions settings;
  bool json = false;
};

struct HashKeyOptions {
  bool make_new = false;
  bool json = false;
};

struct VersionOptions {
  bool json = false;
};

// Each returns the process's exit code.
[[nodiscard]] int serve(const ServeOptions& options);
[[nodiscard]] int generate(const GenerateOptions& options);
[[nodiscard]] int config_check(const ConfigCheckOptions& options);
[[nodiscard]] int config_show(const ConfigShowOptions& options);
[[nodiscard]] int config_reference();
[[nodiscard]] int config_hash_key(const HashKeyOptions& options);
[[nodiscard]] int version(const VersionOptions& options);

}  // namespace shunt::app

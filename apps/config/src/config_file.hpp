#pragma once

#include <string>
#include <string_view>

#include "shunt/base/result.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/config/namespace.hpp"

namespace shunt::config {

struct ConfigFile {
  std::string name;  // as it was named, or "(built in)"
  std::string text;
};

// Reads one file. `named_by` is who named it, for the error: "--config".
[[nodiscard]] Result<ConfigFile> read_config_file(const std::string& name, const std::string& named_by);

// Finds and reads the file. One that was asked for and cannot be read is an error; ./shunt.toml may be
// absent.
[[nodiscard]] Result<ConfigFile> find_config_file(const Sources& sources);

}  // namespace shunt::config

#include "config_file.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

namespace shunt::config {
namespace {

// A configuration has some hundred lines: what is larger is not the file that was meant.
constexpr std::size_t kMaxFileBytes = std::size_t{16} << 20U;

Error unreadable(const std::string& name, const std::string& named_by, const std::string& why) {
  return Error{"invalid_configuration", named_by + ": cannot read " + name + ": " + why}.with("source",
                                                                                              named_by);
}

}  // namespace

Result<ConfigFile> read_config_file(const std::string& name, const std::string& named_by) {
  std::error_code failure;
  if (std::filesystem::is_directory(name, failure)) return unreadable(name, named_by, "it is a folder");
  errno = 0;
  std::ifstream file(name, std::ios::binary);
  if (!file) return unreadable(name, named_by, std::strerror(errno));
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return unreadable(name, named_by, std::strerror(errno));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) return unreadable(name, named_by, "it is larger than 16MiB");
  return ConfigFile{name, std::move(text)};
}

Result<ConfigFile> find_config_file(const Sources& sources) {
  constexpr const char* kVariable = "SHUNT_CONFIG";
  constexpr const char* kUsual = "shunt.toml";
  if (sources.file) return read_config_file(*sources.file, "--config");
  if (sources.environment) {
    const auto named = sources.environment(kVariable);
    if (named && !named->empty()) return read_config_file(*named, std::string("environment ") + kVariable);
  }
  std::error_code failure;
  if (std::filesystem::exists(kUsual, failure)) return read_config_file(kUsual, "current folder");
  return ConfigFile{"(built in)", std::string(built_in_file())};
}

}  // namespace shunt::config

#include "make_artifact_store.hpp"

#include <cstdlib>
#include <filesystem>

namespace shunt::app {
namespace {

std::filesystem::path variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Empty when nothing tells.
std::filesystem::path state_directory() {
  if (const auto service = variable("STATE_DIRECTORY"); !service.empty()) return service;
  if (const auto state = variable("XDG_STATE_HOME"); !state.empty()) return state / "shunt";
  if (const auto home = variable("HOME"); !home.empty()) return home / ".local/state/shunt";
  return {};
}

}  // namespace

Result<std::unique_ptr<ArtifactStore>> make_artifact_store(const config::Configuration& configuration) {
  if (!configuration.artifact_directory.empty()) {
    return make_directory_artifact_store(configuration.artifact_directory);
  }
  const std::filesystem::path state = state_directory();
  if (state.empty()) {
    return Error{
        "invalid_configuration",
        "artifacts.directory is empty, and neither $STATE_DIRECTORY, $XDG_STATE_HOME nor $HOME is set: where "
        "do artifacts go?"};
  }
  return make_directory_artifact_store(state / "artifacts");
}

}  // namespace shunt::app

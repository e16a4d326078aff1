#include "make_artifact_store.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

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

// The first line, without the end that editors put there.
std::string line_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  while (line.ends_with('\r')) line.pop_back();
  return line;
}

Result<std::unique_ptr<ArtifactStore>> in_bucket(const config::ArtifactSettings& settings) {
  S3Options s3 = settings.s3;
  s3.access_key = variable(settings.s3_access_key_env.c_str()).string();
  const bool from_file = !settings.s3_secret_key_file.empty();
  s3.secret_key = from_file ? line_of(settings.s3_secret_key_file)
                            : variable(settings.s3_secret_key_env.c_str()).string();
  if (s3.access_key.empty()) {
    return Error{"invalid_configuration", "artifacts.s3.bucket is set, and the environment variable " +
                                              settings.s3_access_key_env + " with the access key is not"};
  }
  if (s3.secret_key.empty()) {
    return Error{"invalid_configuration",
                 from_file ? "artifacts.s3.secret_key_file has no secret key in its first line: " +
                                 settings.s3_secret_key_file
                           : "artifacts.s3.bucket is set, and the environment variable " +
                                 settings.s3_secret_key_env + " with the secret key is not"};
  }
  return make_s3_artifact_store(std::move(s3));
}

}  // namespace

Result<std::unique_ptr<ArtifactStore>> make_artifact_store(const config::Configuration& configuration) {
  const config::ArtifactSettings& settings = configuration.artifacts;
  if (!settings.s3.bucket.empty()) return in_bucket(settings);
  if (!settings.directory.empty()) return make_directory_artifact_store(settings.directory);
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

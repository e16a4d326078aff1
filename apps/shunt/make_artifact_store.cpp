#include "make_artifact_store.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "shunt/base/secrets.hpp"
#include "shunt/generation/bucket_file_store.hpp"

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

// With the keys, from wherever they are.
Result<S3Options> bucket_options(const config::ArtifactSettings& settings) {
  S3Options s3 = settings.s3;
  s3.access_key = environment_variable(settings.s3_access_key_env).value_or("");
  if (!settings.s3_secret_key_file.empty()) {
    auto secret = read_secret_file(settings.s3_secret_key_file);
    if (!secret) {
      return Error{"invalid_configuration", "artifacts.s3.secret_key_file " + secret.error().message};
    }
    s3.secret_key = std::move(*secret);
  } else {
    s3.secret_key = environment_variable(settings.s3_secret_key_env).value_or("");
  }
  if (s3.access_key.empty()) {
    return Error{"invalid_configuration", "artifacts.s3.bucket is set, and the environment variable " +
                                              settings.s3_access_key_env + " with the access key is not"};
  }
  if (s3.secret_key.empty()) {
    return Error{"invalid_configuration", "artifacts.s3.bucket is set, and the environment variable " +
                                              settings.s3_secret_key_env + " with the secret key is not"};
  }
  return s3;
}

// Uploads on their way into a bucket need a folder of this machine alone, and a worker has none.
std::filesystem::path spool_folder(const std::filesystem::path& files) {
  if (!files.empty()) return files / "new";
  return std::filesystem::temp_directory_path() / ("shunt-uploads-" + std::to_string(::getuid()));
}

}  // namespace

std::filesystem::path artifacts_folder(const config::Configuration& configuration) {
  const std::string& named = configuration.artifacts.directory;
  if (!named.empty()) return named;
  const std::filesystem::path state = state_directory();
  return state.empty() ? state : state / "artifacts";
}

std::filesystem::path files_folder(const config::Configuration& configuration) {
  const std::string& named = configuration.file_store.directory;
  if (!named.empty()) return named;
  const std::filesystem::path artifacts = configuration.artifacts.directory;
  const std::filesystem::path state = artifacts.empty() ? state_directory() : artifacts;
  return state.empty() ? state : state / "input-files";
}

Result<std::unique_ptr<ArtifactStore>> make_artifact_store(const config::Configuration& configuration) {
  const config::ArtifactSettings& settings = configuration.artifacts;
  if (!settings.s3.bucket.empty()) {
    auto options = bucket_options(settings);
    if (!options) return std::move(options).error();
    return make_s3_artifact_store(std::move(*options));
  }
  const std::filesystem::path folder = artifacts_folder(configuration);
  if (folder.empty()) {
    return Error{
        "invalid_configuration",
        "artifacts.directory is empty, and neither $STATE_DIRECTORY, $XDG_STATE_HOME nor $HOME is set: where "
        "do artifacts go?"};
  }
  return make_directory_artifact_store(folder);
}

bool files_lie_in_bucket(const config::Configuration& configuration) {
  return configuration.file_store.directory.empty() && !configuration.artifacts.s3.bucket.empty();
}

Result<std::unique_ptr<FileStore>> make_file_store(const config::Configuration& configuration) {
  const std::filesystem::path folder = files_folder(configuration);
  const std::uint64_t min_free = configuration.file_store.min_free_bytes;
  if (!files_lie_in_bucket(configuration)) {
    if (folder.empty()) return std::unique_ptr<FileStore>();
    return make_directory_file_store(folder, min_free);
  }
  auto options = bucket_options(configuration.artifacts);
  if (!options) return std::move(options).error();
  return make_s3_file_store(std::move(*options), spool_folder(folder), min_free);
}

}  // namespace shunt::app

#include "secret_files.hpp"

#include <string>
#include <string_view>
#include <variant>

#include "shunt/base/digest.hpp"
#include "shunt/base/secrets.hpp"

namespace shunt::app {
namespace {

void add_file(const std::string& path, std::string& contents) {
  if (path.empty()) return;
  const auto secret = read_secret_file(path);
  contents += path + '\n' + (secret ? *secret : secret.error().message) + '\n';
}

void add_server(const OpenAiServer& server, std::string& contents) {
  add_file(server.api_key_file, contents);
  for (const auto& [header, path] : server.headers_file) add_file(path, contents);
}

struct SecretsOf {
  std::string operator()(const OpenAiOptions& options) const {
    std::string contents;
    add_server(options, contents);
    for (const OpenAiServer& server : options.upstreams) add_server(server, contents);
    return contents;
  }
  std::string operator()(const CogOptions& options) const {
    std::string contents;
    for (const auto& [header, path] : options.headers_file) add_file(path, contents);
    return contents;
  }
  std::string operator()(const CommandOptions& /*options*/) const { return {}; }
  std::string operator()(const SimulatorOptions& /*options*/) const { return {}; }
};

bool names_secret_files(std::string_view setting) {
  return setting.ends_with(".api_key_file") || setting.ends_with(".headers_file");
}

void note(config::Loaded& loaded, std::string_view table, std::string_view setting,
          const std::string& contents) {
  if (contents.empty()) return;
  const std::string digest = sha256_hex(contents);
  for (config::Explained& each : loaded.explained) {
    if (each.table != table) continue;
    const bool meant = setting.empty() ? names_secret_files(each.name) : each.name == setting;
    if (meant) each.secrets = digest;
  }
}

}  // namespace

void note_secret_files(config::Loaded& loaded) {
  const config::Configuration& configuration = loaded.configuration;
  for (const config::ModelConfig& model : configuration.models)
    note(loaded, config::table_of_model(model.model.name), "", std::visit(SecretsOf{}, model.driver));
  // These are no part of a model, and wait for a restart.
  if (configuration.queue_enabled || configuration.roles.worker) {
    std::string password;
    add_file(configuration.redis_password_file, password);
    note(loaded, "", "redis.password_file", password);
  }
  if (configuration.queue_enabled || configuration.roles.worker ||
      !configuration.artifacts.s3.bucket.empty()) {
    std::string key;
    add_file(configuration.artifacts.s3_secret_key_file, key);
    note(loaded, "", "artifacts.s3.secret_key_file", key);
  }
}

}  // namespace shunt::app

#include "settings.hpp"

#include <unistd.h>

#include <string_view>
#include <utility>
#include <vector>

#include "config_place.hpp"
#include "process_secrecy.hpp"
#include "secret_files.hpp"
#include "shunt/base/secrets.hpp"

namespace shunt::app {
namespace {

Error unusable_password(const Error& cause) {
  return {"invalid_configuration", "redis.password_file " + cause.message};
}

std::vector<std::string> names_of_variables() {
  std::vector<std::string> names;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    names.emplace_back(text.substr(0, text.find('=')));
  }
  return names;
}

}  // namespace

Result<config::Loaded> load_settings(const SettingOptions& options) {
  config::Sources sources;
  sources.file = options.file;
  sources.flags = options.flags;
  sources.environment = environment_variable;
  sources.variables = names_of_variables();
  auto loaded = config::load(sources);
  if (!loaded) return loaded;
  // From here on nothing that came in by the environment is readable there, neither for others nor for
  // children.
  hide_variables(loaded->secret_variables);
  config::Configuration& configuration = loaded->configuration;
  if (configuration.dumpable) allow_inspection();
  note_secret_files(*loaded);
  // The address is not looked at while nobody needs Redis.
  const bool wants_redis = configuration.queue_enabled || configuration.roles.worker;
  if (!wants_redis || configuration.redis_password_file.empty()) return loaded;
  auto password = read_secret_file(configuration.redis_password_file);
  if (!password) return placed(unusable_password(password.error()), *loaded);
  configuration.queue.redis_password = std::move(*password);
  return loaded;
}

}  // namespace shunt::app

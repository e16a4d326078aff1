#include "make_webhooks.hpp"

#include <utility>

#include "shunt/api/webhook_forms.hpp"
#include "shunt/base/log.hpp"
#include "version_text.hpp"

namespace shunt::app {

webhooks::WebhookKeys webhook_keys(const config::Configuration& configuration) {
  webhooks::WebhookKeys keys{.service = configuration.webhooks.secrets};
  for (const api::ApiKey& key : configuration.server.keys) {
    if (!key.webhook_secrets.empty()) keys.of_callers.emplace("key:" + key.name, key.webhook_secrets);
  }
  return keys;
}

Result<void> check_webhooks(const config::Configuration& configuration) {
  const webhooks::UrlRules rules{
      .allow_http = configuration.webhooks.allow_http,
      .allowed_addresses = http::AddressRanges(configuration.webhooks.allowed_addresses)};
  if (const webhooks::WebhookOptions& options = configuration.webhooks; !options.url.empty()) {
    if (const auto checked = webhooks::check_url(options.url, rules, "/url"); !checked)
      return Error{"invalid_configuration", "webhooks.url: " + checked.error().message};
    if (options.secrets.empty())
      return Error{"invalid_configuration", "webhooks.url needs something to sign with: webhooks.secrets"};
  }
  for (const api::ApiKey& key : configuration.server.keys) {
    if (key.webhook_url.empty()) continue;
    const std::string setting = "server.keys." + key.name + ".webhook_url";
    if (const auto checked = webhooks::check_url(key.webhook_url, rules, "/webhook_url"); !checked)
      return Error{"invalid_configuration", setting + ": " + checked.error().message};
    if (key.webhook_secrets.empty() && configuration.webhooks.secrets.empty()) {
      return Error{
          "invalid_configuration",
          setting + " needs something to sign with: webhook_secrets of the key, or webhooks.secrets"};
    }
  }
  return {};
}

std::unique_ptr<webhooks::Webhooks> make_webhooks(const config::Configuration& configuration,
                                                  executor::GenerationExecutor& executor, FaultLog& faults,
                                                  const std::string& url_secret) {
  webhooks::WebhookKeys keys = webhook_keys(configuration);
  if (keys.service.empty() && keys.of_callers.empty()) return nullptr;
  webhooks::WebhooksSurroundings surroundings;
  surroundings.options = configuration.webhooks;
  surroundings.keys = std::move(keys);
  surroundings.user_agent = std::string("shunt/") + std::string(kVersion);
  surroundings.executor = &executor;
  if (configuration.queue_enabled) surroundings.queue = configuration.queue;
  surroundings.faults = &faults;
  surroundings.forms = api::webhook_forms(url_secret);
  if (!configuration.queue_enabled) {
    log::warn("webhooks.in_memory",
              {{"reason", "without the queue webhooks that wait are lost when this process ends"}});
  }
  return webhooks::make_webhooks(std::move(surroundings));
}

}  // namespace shunt::app

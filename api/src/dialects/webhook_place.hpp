#pragma once

#include <string>
#include <vector>

#include "shunt/api/http_server.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/webhooks/webhook_options.hpp"

namespace shunt::api {

// Where an operator has configured that ends are told, and which ones (is_webhook_event).
struct WebhookPlace {
  std::string url;  // "": nowhere
  std::vector<std::string> events;
};

// The key's own place, or the service's for callers who have none. `key` may be nullptr. Pure.
[[nodiscard]] inline WebhookPlace webhook_place(const ApiKey* key, const webhooks::WebhookOptions& service) {
  if (key != nullptr && !key->webhook_url.empty()) return {key->webhook_url, key->webhook_events};
  return {service.url, service.events};
}

}  // namespace shunt::api

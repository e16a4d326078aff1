#include "routes/webhook_choice.hpp"

#include <string>
#include <utility>

#include "dialects/default_webhook.hpp"
#include "routes/form_receiver.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/webhooks/webhooks.hpp"

namespace shunt::api {
namespace {

Error sends_none() {
  return invalid_field(
      "/webhook",
      "this service sends no webhooks, as it has nothing to sign them with: set webhooks.secrets");
}

Error no_room() {
  return {error_code::kOverloaded, "too many generations with a webhook are open", Retryable::kYes};
}

Result<std::optional<webhooks::Webhook>> named_webhook(const Exchange& exchange,
                                                       const std::optional<Json>& given,
                                                       std::string_view form) {
  const webhooks::Webhooks* const service = exchange.service.options.webhooks;
  if (given) {
    if (service == nullptr) return sends_none();
    auto webhook = webhooks::read_webhook(*given, service->rules(), "/webhook");
    if (!webhook) return std::move(webhook).error();
    return std::optional(std::move(*webhook));
  }
  if (service == nullptr) return std::optional<webhooks::Webhook>();
  const ApiKey* const key = exchange.key == nullptr ? nullptr : &exchange.key->config();
  return default_webhook(webhook_place(key, service->options()), form);
}

}  // namespace

Result<std::optional<webhooks::Webhook>> choose_webhook(const Exchange& exchange,
                                                        const std::optional<Json>& given,
                                                        std::string_view form) {
  auto webhook = named_webhook(exchange, given, form);
  if (!webhook || !*webhook) return webhook;
  const webhooks::Webhooks& service = *exchange.service.options.webhooks;
  if (!service.can_sign(caller_of(exchange))) return sends_none();
  if (!service.has_room()) return no_room();
  return webhook;
}

http::Task<void> attach_webhook(Exchange& exchange, GenerationId generation, webhooks::Webhook webhook) {
  auto attaching = answer_of<bool>(exchange.client, [&](std::function<void(bool)> done) {
    exchange.service.options.webhooks->attach(generation, caller_of(exchange), std::move(webhook),
                                              [done = std::move(done)] { done(true); });
  });
  (void)co_await attaching;
}

}  // namespace shunt::api

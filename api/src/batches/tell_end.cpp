#include "batches/tell_end.hpp"

#include <utility>

#include "batches/batch_webhook.hpp"
#include "shunt/base/log.hpp"

namespace shunt::api::batches {
namespace {

std::optional<webhooks::Message> message_for(const Batch& batch, const LiveSettings& settings,
                                             const webhooks::Webhooks& service) {
  const auto key = settings.keys.required() ? settings.keys.find_caller(batch.caller) : nullptr;
  auto message = end_message(batch, webhook_place(key ? &key->config() : nullptr, service.options()));
  if (!message || service.can_sign(batch.caller)) return message;
  log::warn("webhook.unsigned", {{"batch", batch.id}});
  return std::nullopt;
}

}  // namespace

void tell_end(const Batch& batch, const LiveSettings& settings, webhooks::Webhooks* service,
              std::function<void(Result<void>)> done) {
  auto message =
      service == nullptr ? std::optional<webhooks::Message>() : message_for(batch, settings, *service);
  if (!message) return done({});
  service->hand_over(std::move(*message), [done = std::move(done)](const Result<webhooks::Handed>& handed) {
    done(handed ? Result<void>() : Result<void>(handed.error()));
  });
}

}  // namespace shunt::api::batches

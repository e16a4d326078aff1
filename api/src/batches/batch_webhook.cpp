#include "batches/batch_webhook.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "shunt/base/json_object_writer.hpp"

namespace shunt::api::batches {
namespace {

std::string event_body(const Batch& batch, std::string_view type) {
  std::string body;
  JsonObjectWriter object(body);
  object.text("id", "evt_" + batch.id);
  object.text("object", "event");
  object.number("created_at",
                std::chrono::floor<std::chrono::seconds>(*batch.ended_at).time_since_epoch().count());
  object.text("type", type);
  JsonObjectWriter data = object.object("data");
  data.text("id", batch.id);
  data.close();
  object.close();
  return body;
}

}  // namespace

std::optional<webhooks::Message> end_message(const Batch& batch, const WebhookPlace& place) {
  if (!is_ended(batch.status) || !batch.ended_at || place.url.empty()) return std::nullopt;
  std::string type = "batch." + std::string(status_name(batch.status));
  if (std::ranges::find(place.events, type) == place.events.end()) return std::nullopt;
  webhooks::Message message{.id = "msg_" + batch.id,
                            .type = {},
                            .generation = {},
                            .caller = batch.caller,
                            .url = place.url,
                            .body = event_body(batch, type)};
  message.type = std::move(type);
  return message;
}

}  // namespace shunt::api::batches

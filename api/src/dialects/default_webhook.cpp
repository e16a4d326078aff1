#include "dialects/default_webhook.hpp"

#include <algorithm>
#include <utility>

#include "dialects/openai/batch_events.hpp"
#include "dialects/openai/responses/response_webhook.hpp"
#include "shunt/api/webhook_forms.hpp"

namespace shunt::api {
namespace {

const dialects::openai::ResponseEvent* response_event_named(std::string_view name) {
  const auto& events = dialects::openai::kResponseEvents;
  const auto* const found = std::ranges::find(events, name, &dialects::openai::ResponseEvent::name);
  return found == events.end() ? nullptr : found;
}

// Without names in `webhook.end_names` none of the form's is listed.
void take_names_of_form(webhooks::Webhook& webhook, const std::vector<std::string>& events) {
  std::vector<std::string> ends;
  for (const std::string& name : events) {
    const auto* const event = response_event_named(name);
    if (event == nullptr) continue;
    webhook.end_names.push_back(name);
    ends.emplace_back(webhooks::type_of(*webhooks::event_of(event->state)));
  }
  if (!ends.empty()) webhook.events = *webhooks::EventFilter::of(ends);
}

}  // namespace

bool is_webhook_event(std::string_view name) {
  const auto& of_batches = dialects::openai::kBatchEvents;
  return webhooks::event_named(name).has_value() || response_event_named(name) != nullptr ||
         std::ranges::find(of_batches, name) != of_batches.end();
}

std::optional<webhooks::Webhook> default_webhook(WebhookPlace place, std::string_view form) {
  if (place.url.empty()) return std::nullopt;
  const std::vector<std::string>& events = place.events;
  webhooks::Webhook webhook{.url = std::move(place.url), .events = {}};
  if (form == dialects::openai::kWebhookForm) take_names_of_form(webhook, events);
  if (!webhook.end_names.empty()) {
    webhook.form = form;
    return webhook;
  }
  if (events.empty()) return webhook;
  std::vector<std::string> ours;
  std::ranges::copy_if(events, std::back_inserter(ours),
                       [](const std::string& name) { return webhooks::event_named(name).has_value(); });
  if (ours.empty()) return std::nullopt;
  webhook.events = *webhooks::EventFilter::of(ours);
  return webhook;
}

}  // namespace shunt::api

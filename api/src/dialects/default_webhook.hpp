#pragma once

#include <optional>
#include <string_view>

#include "dialects/webhook_place.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/webhooks/webhook.hpp"

namespace shunt::api {

// The webhook of a request that names none, at a place that an operator has configured. `form` is the one
// that the call's own API has for webhooks; "": it has none. Where events of that form are listed they are
// told, and ours otherwise; nullopt: none that is listed tells of such a call. Pure.
[[nodiscard]] std::optional<webhooks::Webhook> default_webhook(WebhookPlace place, std::string_view form);

}  // namespace shunt::api

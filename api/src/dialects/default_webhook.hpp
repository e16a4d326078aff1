#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/webhooks/webhook.hpp"

namespace shunt::api {

// The webhook of a request that names none, at a place that an operator has configured with these events
// (is_webhook_event). `form` is the one that the call's own API has for webhooks; "": it has none. Where
// events of that form are listed they are told, and ours otherwise; nullopt: none that is listed tells of
// such a call. Pure.
[[nodiscard]] std::optional<webhooks::Webhook> default_webhook(std::string url,
                                                               const std::vector<std::string>& events,
                                                               std::string_view form);

}  // namespace shunt::api

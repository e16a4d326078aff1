#pragma once

#include <optional>
#include <string_view>

#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/webhooks/webhook.hpp"

namespace shunt::api {

// The webhook of a request: what its body names, else its key's, else the service's, which tell of it in
// `form` where they list events of that one (dialects/default_webhook.hpp). Fails where the service sends
// none, cannot sign it, or has no room for one more, before anything is submitted.
[[nodiscard]] Result<std::optional<webhooks::Webhook>> choose_webhook(const Exchange& exchange,
                                                                      const std::optional<Json>& given,
                                                                      std::string_view form = {});

// Once the generation is accepted, and before anybody is told so: what is told to have been accepted has its
// webhook. Also where the request has joined one that exists: whoever asked first may have gone before this.
[[nodiscard]] http::Task<void> attach_webhook(Exchange& exchange, GenerationId generation,
                                              webhooks::Webhook webhook);

}  // namespace shunt::api

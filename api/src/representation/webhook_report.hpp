#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/webhooks/delivery.hpp"

namespace shunt::api {

// What /admin/webhooks answers (docs/webhooks.md). What was sent is not in it.
void append_deliveries(std::string& out, const std::vector<webhooks::Delivery>& deliveries);
void append_delivery(std::string& out, const webhooks::Delivery& delivery);
void append_attempt(std::string& out, const webhooks::Attempt& attempt);

// The body of a test: {"url": text, "key"?: name}.
struct WebhookTestBody {
  std::string url;
  std::string key;  // whose secrets sign; "": the service's
};
[[nodiscard]] Result<WebhookTestBody> decode_webhook_test(std::string_view body, const JsonLimits& limits);

}  // namespace shunt::api

#pragma once

#include <string>

#include "namespace.hpp"
#include "shunt/webhooks/webhooks.hpp"

namespace shunt::app {

// What a process tells of its webhooks, in Prometheus text format.
[[nodiscard]] std::string webhook_metrics_text(const webhooks::WebhookCounts& counts);

}  // namespace shunt::app

#pragma once

#include <optional>

#include "batches/batch.hpp"
#include "dialects/webhook_place.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/webhooks/delivery.hpp"

namespace shunt::api::batches {

// What an end is told with, in OpenAI's form; nullopt: the batch has not ended, or the place does not ask for
// this end. The message's id follows from the batch's, so it is the same whoever makes it. Pure.
[[nodiscard]] std::optional<webhooks::Message> end_message(const Batch& batch, const WebhookPlace& place);

}  // namespace shunt::api::batches

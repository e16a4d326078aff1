#pragma once

#include <functional>

#include "admission/live_settings.hpp"
#include "batches/batch.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/result.hpp"
#include "shunt/webhooks/webhooks.hpp"

namespace shunt::api::batches {

// Hands the message of a batch's end to the webhooks, where the owner's key or the service asks for one.
// `done` comes once, on any thread: there is nothing left to do, or it could not be handed over now, and
// whoever runs the batch tries again.
void tell_end(const Batch& batch, const LiveSettings& settings, webhooks::Webhooks* service,
              std::function<void(Result<void>)> done);

}  // namespace shunt::api::batches

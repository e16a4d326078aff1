#pragma once

#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/envelope.hpp"

namespace shunt::api {

// Takes over the executor that the request's Shunt-Executor asks for: `invalid_header` for a word that names
// none, `executor_choice_forbidden` for somebody who may not choose. That may a key that says so, and without
// keys whoever asks from the machine itself, not through a proxy.
[[nodiscard]] Result<void> choose_executor(const Exchange& exchange, GenerationRequest& request);

}  // namespace shunt::api

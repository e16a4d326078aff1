#pragma once

#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/envelope.hpp"

namespace shunt::api {

// Takes over the executor that the request's Shunt-Executor asks for: `invalid_header` for a word that names
// none, `scope_missing` for a key without the scope `admin`. Without keys whoever asks from this machine may
// choose, not through a proxy: `loopback_only` for others.
[[nodiscard]] Result<void> choose_executor(const Exchange& exchange, GenerationRequest& request);

}  // namespace shunt::api

#pragma once

#include "exchange.hpp"
#include "shunt/generation/artifact.hpp"

namespace shunt::api {

// The artifact's bytes as the response's body, without a copy. Ranges and conditions are the caller's.
void answer_with_bytes(Exchange& exchange, const GenerationId& id, const Artifact& artifact);

}  // namespace shunt::api

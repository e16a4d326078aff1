#pragma once

#include "exchange.hpp"
#include "shunt/generation/artifact.hpp"
#include "task.hpp"

namespace shunt::api {

// The artifact's bytes as the response's body, without a copy; what is wrong, if they cannot be had. Ranges
// and conditions are the caller's.
[[nodiscard]] Task<void> answer_with_bytes(Exchange& exchange, GenerationId id, Artifact artifact);

}  // namespace shunt::api

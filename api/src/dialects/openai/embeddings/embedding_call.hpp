#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::openai {

// POST /embeddings.
[[nodiscard]] Result<Call> make_embedding_call(const CallContext& context, JsonObject body);

}  // namespace shunt::api::dialects::openai

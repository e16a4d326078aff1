#pragma once

#include <optional>
#include <vector>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::openai {

// POST /embeddings.
[[nodiscard]] Result<Call> make_embedding_call(const CallContext& context, JsonObject body);

// The vectors that a model gave: {"data": [{"embedding": ...}]} as the embeddings API answers, or the bare
// vectors of a program. nullopt: there are none.
[[nodiscard]] std::optional<std::vector<std::vector<float>>> vectors_of(const Json& result);

}  // namespace shunt::api::dialects::openai

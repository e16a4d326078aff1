#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

// Embeddings, as OpenAI's API has them, in Ollama's form.
namespace shunt::api::dialects::ollama {

// POST /api/embed: a text or several.
[[nodiscard]] Result<Call> make_embed_call(const CallContext& context, JsonObject body);
// POST /api/embeddings, which came before it: one text.
[[nodiscard]] Result<Call> make_embeddings_call(const CallContext& context, JsonObject body);

}  // namespace shunt::api::dialects::ollama

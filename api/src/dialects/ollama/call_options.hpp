#pragma once

#include <memory>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

// What all of Ollama's calls have in common.
namespace shunt::api::dialects::ollama {

// What a call names, as far as it can be known before openai::take_model says what is wrong with it.
[[nodiscard]] std::shared_ptr<const Model> named_model(const CallContext& context, const JsonObject& body);

// Options become members of the call. A negative num_predict is no bound.
[[nodiscard]] Result<void> spread_options(JsonObject& body, const Model* model);

}  // namespace shunt::api::dialects::ollama

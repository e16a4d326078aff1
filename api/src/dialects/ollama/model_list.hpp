#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

// What is told of models. Those that answer no chats, completions or embeddings are not told of.
namespace shunt::api::dialects::ollama {

using Models = std::span<const std::shared_ptr<const Model>>;

[[nodiscard]] Result<void> list_models(http::Response& response, const CallContext& context, Models models);
[[nodiscard]] Result<void> show_model(http::Response& response, const CallContext& context, Models models);
[[nodiscard]] Result<void> tell_version(http::Response& response, const CallContext& context, Models models);

// What a model is known to be able to: by the calls that it answers, and the members that it has rules for.
[[nodiscard]] JsonArray capabilities_of(const Model& model);

}  // namespace shunt::api::dialects::ollama

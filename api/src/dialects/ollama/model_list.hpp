#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

// What is told of models. Those that answer neither chats nor completions are not told of.
namespace shunt::api::dialects::ollama {

using Models = std::span<const std::shared_ptr<const Model>>;

[[nodiscard]] Result<void> list_models(http::Response& response, const CallContext& context, Models models);
[[nodiscard]] Result<void> show_model(http::Response& response, const CallContext& context, Models models);
[[nodiscard]] Result<void> tell_version(http::Response& response, const CallContext& context, Models models);

}  // namespace shunt::api::dialects::ollama

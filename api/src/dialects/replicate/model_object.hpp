#pragma once

#include <memory>
#include <span>
#include <string>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::replicate {

// Replicate's model, with what it is now as its latest version.
void append_model(std::string& out, const Model& model, const std::string& base_url);
void append_version(std::string& out, const Model& model);

using Models = std::span<const std::shared_ptr<const Model>>;
// The answers of the routes below /models.
[[nodiscard]] Result<void> list_models(http::Response& response, const CallContext& context, Models models);
[[nodiscard]] Result<void> show_model(http::Response& response, const CallContext& context, Models models);
[[nodiscard]] Result<void> search_models(http::Response& response, const CallContext& context, Models models);
[[nodiscard]] Result<void> list_versions(http::Response& response, const CallContext& context, Models models);
[[nodiscard]] Result<void> show_version(http::Response& response, const CallContext& context, Models models);

}  // namespace shunt::api::dialects::replicate

#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::api {

// The OpenAPI 3.1 description as JSON text, generated from the route table, and what the input of each model
// may be, for those that are visible.
[[nodiscard]] std::string openapi_document(
    const ModelSnapshot& models,
    const std::function<bool(std::string_view model)>& visible = [](std::string_view) { return true; });

}  // namespace shunt::api

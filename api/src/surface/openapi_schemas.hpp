#pragma once

#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"

namespace shunt::api {

// components/schemas of the OpenAPI document.
[[nodiscard]] JsonObject openapi_schemas();

}  // namespace shunt::api

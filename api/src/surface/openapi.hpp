#pragma once

#include <string>

#include "shunt/api/namespace.hpp"

namespace shunt::api {

// The OpenAPI 3.1 description as JSON text, generated from the route table.
[[nodiscard]] std::string openapi_document();

}  // namespace shunt::api

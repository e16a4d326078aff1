#pragma once

#include <string>

namespace shunt::api {

// The OpenAPI 3.1 description as JSON text, generated from the route table.
[[nodiscard]] std::string openapi_document();

}  // namespace shunt::api

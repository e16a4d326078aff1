#pragma once

#include "shunt/api/namespace.hpp"
#include "shunt/base/error.hpp"
#include "shunt/http/server/response.hpp"

namespace shunt::api::dialects::replicate {

// Turns the response into {"detail", "status", "title"}, with `invalid_fields` where the error names a field;
// header lines that are there stay.
void write_error(http::Response& response, const Error& error);

}  // namespace shunt::api::dialects::replicate

#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::openai {

// POST /images/generations.
[[nodiscard]] Result<Call> make_image_call(const CallContext& context, JsonObject body);

}  // namespace shunt::api::dialects::openai

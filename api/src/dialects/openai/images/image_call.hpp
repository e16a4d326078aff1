#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::openai {

// POST /images/generations.
[[nodiscard]] Result<Call> make_image_call(const CallContext& context, JsonObject body);

// POST /images/edits: a form with a file `image` or several `image[]`, perhaps `mask`, and the same fields;
// or JSON with `images` and `mask`, which name files.
[[nodiscard]] Result<Call> make_image_edit_call(const CallContext& context, JsonObject body);

}  // namespace shunt::api::dialects::openai

#pragma once

#include <memory>
#include <string>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::openai {

// A text completion, whole or in pieces. `include_usage`: a stream's last piece has the token counts.
[[nodiscard]] std::unique_ptr<Rendering> make_completion_rendering(std::string model, bool include_usage);

}  // namespace shunt::api::dialects::openai

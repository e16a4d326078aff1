#pragma once

#include <memory>
#include <string>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::openai {

// A chat completion, whole or as chunks. `include_usage`: a stream's last chunk has the token counts.
[[nodiscard]] std::unique_ptr<Rendering> make_chat_rendering(std::string model, bool include_usage);

}  // namespace shunt::api::dialects::openai

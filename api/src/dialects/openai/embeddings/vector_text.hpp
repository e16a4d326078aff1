#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"

namespace shunt::api::dialects::openai {

// A vector as a model gave it: a list of numbers, or base64 of 32-bit floats, little end first. nullopt: it
// is neither, or a number is not finite.
[[nodiscard]] std::optional<std::vector<float>> read_vector(const Json& embedding);

// Base64 of 32-bit floats, little end first, in quotes.
void append_base64_vector(std::string& out, const std::vector<float>& vector);
// A list of numbers, each with the fewest digits that are this float and no other.
void append_number_vector(std::string& out, const std::vector<float>& vector);

}  // namespace shunt::api::dialects::openai

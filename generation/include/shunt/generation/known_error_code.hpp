#pragma once

#include <string_view>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// Whether a code is one of error_codes.hpp, or of those that a request's JSON is refused with. Another
// process's word may be any text: whoever counts by code counts the others together.
[[nodiscard]] bool is_known_error_code(std::string_view code) noexcept;

}  // namespace shunt::generation

#pragma once

#include <string_view>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// "type/subtype" of RFC 9110 with or without parameters, at most 255 bytes: what may stand in a header field
// as it is.
[[nodiscard]] bool is_valid_media_type(std::string_view text) noexcept;

// 64 lower-case hexadecimal digits: what an artifact store names its bytes by. Anything else never becomes
// part of a path or a URL.
[[nodiscard]] bool is_sha256_hex(std::string_view text) noexcept;

}  // namespace shunt::generation

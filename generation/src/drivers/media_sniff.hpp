#pragma once

#include <string>
#include <string_view>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// What an image is by its first bytes: "image/png", "image/jpeg", "image/webp", "image/gif"; else "".
[[nodiscard]] std::string_view image_type_of(std::string_view bytes) noexcept;

// The usual ending of a file of this type, "png" of "image/png"; "bin" where none is known.
[[nodiscard]] std::string_view file_ending_of(std::string_view media_type) noexcept;

}  // namespace shunt::generation

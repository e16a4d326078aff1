#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// The bytes of a base64 text (RFC 4648, section 4), with or without the `=` at its end. Nothing for any other
// character, line ends included, and for a length or an end that no bytes have.
[[nodiscard]] std::optional<std::string> decoded_base64(std::string_view text);

}  // namespace shunt::generation

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace shunt::base {

// RFC 4648's base64 with the standard alphabet and with padding.

// Appends the text of `bytes`.
void append_base64(std::string& out, std::string_view bytes);

// How long that text is.
[[nodiscard]] constexpr std::size_t base64_size(std::size_t bytes) noexcept {
  return (bytes + 2) / 3 * 4;
}

// Nothing for a text that append_base64 would not have written: another character, a length that is no
// multiple of four, padding in the middle, or bits that stand for no byte.
[[nodiscard]] std::optional<std::string> parse_base64(std::string_view text);

}  // namespace shunt::base

#include "shunt/base/percent_encoding.hpp"

#include <cstdint>

#include "shunt/base/hex.hpp"

namespace shunt::base {
namespace {

bool is_unreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
    } else {
      encoded += '%';
      append_hex(encoded, static_cast<std::uint8_t>(c), HexCase::kUpper);
    }
  }
  return encoded;
}

}  // namespace shunt::base

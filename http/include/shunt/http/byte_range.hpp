#pragma once

#include <cstddef>
#include <string_view>
#include <variant>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

struct WholeBody {};  // no Range, or one that may be ignored (RFC 9110, 14.2)
struct ByteRange {
  std::size_t first = 0;
  std::size_t length = 0;
};
struct RangeUnsatisfiable {};
using RangeChoice = std::variant<WholeBody, ByteRange, RangeUnsatisfiable>;

// What a Range header asks of `size` bytes. Other units, syntax errors and several ranges give the whole.
[[nodiscard]] RangeChoice choose_range(std::string_view header, std::size_t size) noexcept;

}  // namespace shunt::http

#include "shunt/http/byte_range.hpp"

#include <algorithm>

#include "shunt/http/ascii.hpp"

namespace shunt::http {

RangeChoice choose_range(std::string_view header, std::size_t size) noexcept {
  std::string_view rest = trim(header);
  const std::string_view unit = take_until(rest, '=');
  if (!equals_ignoring_case(unit, "bytes") || rest.find(',') != std::string_view::npos) return WholeBody{};
  rest = trim(rest);
  const std::size_t dash = rest.find('-');
  if (dash == std::string_view::npos) return WholeBody{};
  const std::string_view first_text = rest.substr(0, dash);
  const std::string_view last_text = rest.substr(dash + 1);
  const auto first = parse_unsigned(first_text);
  const auto last = parse_unsigned(last_text);
  if (first_text.empty()) {  // "-500": the last 500
    if (!last) return WholeBody{};
    const std::size_t length = static_cast<std::size_t>(std::min<std::uint64_t>(*last, size));
    if (length == 0) return RangeUnsatisfiable{};
    return ByteRange{size - length, length};
  }
  if (!first || (!last_text.empty() && !last) || (last && *last < *first)) return WholeBody{};
  if (*first >= size) return RangeUnsatisfiable{};
  const std::size_t begin = static_cast<std::size_t>(*first);
  const std::size_t end =
      last ? static_cast<std::size_t>(std::min<std::uint64_t>(*last, size - 1)) : size - 1;
  return ByteRange{begin, end - begin + 1};
}

}  // namespace shunt::http

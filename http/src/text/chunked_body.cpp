#include "shunt/http/chunked_body.hpp"

#include <array>
#include <charconv>

namespace shunt::http {

void append_chunk(std::string& out, std::string_view payload) {
  if (payload.empty()) return;
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), payload.size(), 16).ptr;
  out.append(digits.data(), end);
  out.append("\r\n").append(payload).append("\r\n");
}

}  // namespace shunt::http

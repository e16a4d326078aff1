#include "server/header_scan.hpp"

namespace shunt::http {
namespace {

// tchar of RFC 9110, 5.6.2: what a method may consist of. A TLS hello or line noise fails on its first byte.
bool is_token_character(char c) noexcept {
  constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         kPunctuation.find(c) != std::string_view::npos;
}

}  // namespace

HeaderScan::State HeaderScan::scan(std::string_view received) noexcept {
  if (!received.empty() && !is_token_character(received.front())) {
    return malformed("a request starts with a method such as GET");
  }
  for (;;) {
    const std::size_t feed = received.find('\n', searched_);
    if (feed == std::string_view::npos) {
      searched_ = received.size();
      return State::kMore;
    }
    if (feed == 0 || received[feed - 1] != '\r') return malformed("a line ends with a bare line feed");
    const bool folded = lines_ > 0 && (received[position_] == ' ' || received[position_] == '\t');
    if (folded) return malformed("a header field is folded over several lines");
    const bool empty_line = feed == position_ + 1;
    position_ = searched_ = feed + 1;
    ++lines_;
    if (!empty_line) continue;
    complete_ = true;
    return State::kComplete;
  }
}

}  // namespace shunt::http

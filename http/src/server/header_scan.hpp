#pragma once

#include <cstddef>
#include <string_view>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// Finds the end of a request's header block in a growing buffer, looking at each byte once, and refuses early
// what a lenient parser would let pass: bare line feeds, folded lines, bytes that cannot start a request.
class HeaderScan {
 public:
  enum class State { kMore, kComplete, kMalformed };

  // `received` starts with the same bytes as in the last call. With kComplete, size() is the block's length.
  [[nodiscard]] State scan(std::string_view received) noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return position_; }
  [[nodiscard]] bool complete() const noexcept { return complete_; }
  // What is wrong, for people.
  [[nodiscard]] std::string_view complaint() const noexcept { return complaint_; }
  // Whether the request line is still incomplete: decides between 414 and 431.
  [[nodiscard]] bool in_request_line() const noexcept { return lines_ == 0; }

 private:
  State malformed(std::string_view complaint) noexcept {
    complaint_ = complaint;
    return State::kMalformed;
  }

  std::size_t position_ = 0;  // start of the line that is not yet complete
  std::size_t searched_ = 0;  // no line feed before this
  std::size_t lines_ = 0;
  bool complete_ = false;
  std::string_view complaint_;
};

}  // namespace shunt::http

#pragma once

#include <string>
#include <string_view>

#include "shunt/base/json.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// Cuts a stream of bytes into valid UTF-8: a sequence that a piece's end cuts off waits for the next piece,
// malformed bytes become U+FFFD.
class Utf8Stream {
 public:
  // Calls `emit` with what `piece` completes; without a copy in the usual case.
  template <typename Emit>
  void push(std::string_view piece, Emit emit) {
    if (held_.empty() && is_valid_utf8(piece)) return emit(piece);
    held_ += piece;
    const std::size_t whole = utf8_complete_prefix(held_);
    const std::string text = to_valid_utf8(std::string_view(held_).substr(0, whole));
    held_.erase(0, whole);
    if (!text.empty()) emit(std::string_view(text));
  }

  // A sequence that never was completed, as U+FFFD.
  template <typename Emit>
  void finish(Emit emit) {
    if (held_.empty()) return;
    const std::string text = to_valid_utf8(held_);
    held_.clear();
    emit(std::string_view(text));
  }

 private:
  std::string held_;
};

}  // namespace shunt::executor

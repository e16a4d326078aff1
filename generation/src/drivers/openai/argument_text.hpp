#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// Follows a JSON object through its text, cheaply: whether it has been closed, and whether anything but space
// came before or after it.
class ObjectScan {
 public:
  void feed(std::string_view text);
  // Exactly one object, whole.
  [[nodiscard]] bool whole() const noexcept { return closed_ && !spoiled_; }

 private:
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool closed_ = false;
  bool spoiled_ = false;
};

// The arguments of one tool call, put together from what servers send. The protocol's way is pieces that
// grow. Some send the text so far with each piece, or the whole once more at the end, or "{}" before the real
// ones. A piece that begins with all that came before may be either a repetition or a coincidence, so both
// readings are kept from there on, and the one that makes a JSON object wins.
class ArgumentText {
 public:
  // Takes a piece and returns what may be told of it at once; the rest comes with finish().
  [[nodiscard]] std::string append(std::string_view piece);
  // No more pieces: what has not been told yet.
  [[nodiscard]] std::string finish();

  [[nodiscard]] bool empty() const noexcept { return joined_.empty(); }
  [[nodiscard]] bool whole() const noexcept;
  // The better reading of what came so far.
  [[nodiscard]] const std::string& text() const noexcept;

  [[nodiscard]] std::size_t held_bytes() const noexcept {
    return joined_.capacity() + (latest_ ? latest_->capacity() : 0);
  }

 private:
  void read_twice(std::string_view piece);

  std::string joined_;  // the pieces one after another
  ObjectScan joined_scan_;
  std::optional<std::string> latest_;  // the reading in which pieces repeat what came before them
  ObjectScan latest_scan_;
  std::size_t repetitions_ = 0;
  bool only_repetitions_ = true;
  std::size_t told_ = 0;
};

}  // namespace shunt::generation::openai

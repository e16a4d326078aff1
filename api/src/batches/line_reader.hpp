#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"

namespace shunt::api::batches {

// One line of a file that comes in pieces, without its end ("\n" or "\r\n").
struct FileLine {
  std::uint64_t number = 0;  // from 1
  std::string text;
  bool too_long = false;  // then `text` is empty: the line was passed over
};

// Takes lines out of bytes that come in pieces, wherever they are split. Holds one piece and the beginning of
// a line, `max_line_bytes` of it at most. Lines of nothing but spaces are passed over, and count; the last of
// kMostBlankLines in a row is a line like others, so that no call goes on and on, and the file is refused.
// Not thread-safe.
class LineReader {
 public:
  static constexpr std::size_t kMostBlankLines = 100'000;

  explicit LineReader(std::size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

  // Only once next() has nothing more.
  void feed(std::string piece);
  // No piece follows: what is left is a line, too.
  void finish() noexcept { finished_ = true; }
  // nullopt: feed() more, or that was all.
  [[nodiscard]] std::optional<FileLine> next();

 private:
  void keep(std::string_view part);
  [[nodiscard]] std::optional<FileLine> take_line();

  const std::size_t max_line_bytes_;
  std::string piece_;
  std::size_t read_ = 0;  // of the piece
  std::string line_;      // its beginning
  std::uint64_t number_ = 0;
  std::size_t blanks_ = 0;  // in a row
  bool too_long_ = false;
  bool begun_ = false;  // something of the line has come
  bool finished_ = false;
};

}  // namespace shunt::api::batches

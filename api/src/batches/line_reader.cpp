#include "batches/line_reader.hpp"

#include <utility>

namespace shunt::api::batches {
namespace {

bool is_blank(const FileLine& line) {
  return !line.too_long && line.text.find_first_not_of(" \t") == std::string::npos;
}

}  // namespace

void LineReader::feed(std::string piece) {
  piece_ = std::move(piece);
  read_ = 0;
}

void LineReader::keep(std::string_view part) {
  begun_ = begun_ || !part.empty();
  // One more for the "\r", which is not counted.
  if (!too_long_ && part.size() + line_.size() > max_line_bytes_ + 1) {
    too_long_ = true;
    line_.clear();
  }
  if (!too_long_) line_ += part;
}

// nullopt: the line is blank, and passed over.
std::optional<FileLine> LineReader::take_line() {
  ++number_;
  FileLine line{.number = number_, .text = std::move(line_), .too_long = too_long_};
  line_ = {};
  too_long_ = begun_ = false;
  if (line.text.ends_with('\r')) line.text.pop_back();
  if (line.text.size() > max_line_bytes_) {
    line.too_long = true;
    line.text.clear();
  }
  if (is_blank(line) && ++blanks_ < kMostBlankLines) return std::nullopt;
  blanks_ = 0;
  return line;
}

std::optional<FileLine> LineReader::next() {
  while (read_ < piece_.size()) {
    const std::string_view rest = std::string_view(piece_).substr(read_);
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      keep(rest);
      read_ = piece_.size();
      break;
    }
    keep(rest.substr(0, end));
    read_ += end + 1;
    if (auto line = take_line()) return line;
  }
  if (finished_ && begun_) return take_line();
  return std::nullopt;
}

}  // namespace shunt::api::batches

#include "shunt/http/multipart_reader.hpp"

#include <algorithm>
#include <utility>

#include "text/part_header.hpp"

namespace shunt::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeaderEnd = "\r\n\r\n";

// How many bytes at the end of `text` may be the beginning of `wanted`.
std::size_t begun_at_end(std::string_view text, std::string_view wanted) noexcept {
  for (std::size_t size = std::min(text.size(), wanted.size() - 1); size > 0; --size) {
    if (text.ends_with(wanted.substr(0, size))) return size;
  }
  return 0;
}

std::string too_much(std::string_view what, std::size_t limit) {
  return std::string(what) + " may have at most " + std::to_string(limit) + " bytes";
}

}  // namespace

// A body may begin with its first delimiter, which then lacks the line end: it is put there.
MultipartReader::MultipartReader(std::string_view boundary, MultipartLimits limits)
    : delimiter_("\r\n--" + std::string(boundary)), limits_(limits), buffer_(kLineEnd) {}

void MultipartReader::feed(std::string_view bytes) {
  buffer_.erase(0, std::exchange(at_, 0));
  if (state_ == State::kDone) {
    // The epilogue has no meaning either.
    padding_ += bytes.size();
    return;
  }
  if (state_ != State::kBroken) buffer_ += bytes;
}

MultipartReader::Event MultipartReader::next() {
  switch (state_) {
    case State::kPreamble:
      return read_preamble();
    case State::kBoundary:
      return read_boundary();
    case State::kHeader:
      return read_header();
    case State::kData:
      return read_data();
    case State::kDone:
      if (padding_ <= limits_.max_padding_bytes) return Done{};
      return broken(too_much("what stands behind the last boundary", limits_.max_padding_bytes));
    case State::kBroken:
      break;
  }
  return NeedsMore{};
}

MultipartReader::Event MultipartReader::read_preamble() {
  const std::size_t found = unread().find(delimiter_);
  const bool here = found != std::string_view::npos;
  const std::size_t skipped = here ? found : unread().size() - begun_at_end(unread(), delimiter_);
  padding_ += skipped;
  at_ += skipped;
  if (padding_ > limits_.max_padding_bytes) {
    return broken(too_much("what stands before the first boundary", limits_.max_padding_bytes));
  }
  if (!here) return NeedsMore{};
  at_ += delimiter_.size();
  padding_ = 0;
  state_ = State::kBoundary;
  return read_boundary();
}

// Behind a delimiter: blanks and a line end, or two hyphens after the last part.
MultipartReader::Event MultipartReader::read_boundary() {
  constexpr std::size_t kMostBlanks = 64;
  if (std::exchange(in_part_, false)) return PartEnds{};
  std::string_view rest = unread();
  if (rest.starts_with("--")) {
    at_ += 2;
    padding_ = unread().size();
    at_ = buffer_.size();
    state_ = State::kDone;
    return next();
  }
  const std::size_t blanks = std::min(rest.find_first_not_of(" \t"), rest.size());
  rest.remove_prefix(blanks);
  const bool may_go_on = kLineEnd.starts_with(rest) || (blanks == 0 && rest == "-");
  if (blanks > kMostBlanks || (rest.size() < 2 && !may_go_on) ||
      (rest.size() >= 2 && !rest.starts_with(kLineEnd))) {
    return broken("something else than a line end follows a boundary");
  }
  if (rest.size() < 2) return NeedsMore{};
  // The line end stays, since a header without fields is only its second one.
  at_ += blanks;
  if (++parts_ > limits_.max_parts) {
    return broken("there may be at most " + std::to_string(limits_.max_parts) + " parts");
  }
  state_ = State::kHeader;
  return read_header();
}

MultipartReader::Event MultipartReader::read_header() {
  const std::size_t end = unread().find(kHeaderEnd);
  const std::size_t size =
      end == std::string_view::npos ? unread().size() - begun_at_end(unread(), kHeaderEnd) : end;
  if (size > limits_.max_part_header_bytes + kLineEnd.size()) {
    return broken(too_much("a part's header", limits_.max_part_header_bytes));
  }
  if (end == std::string_view::npos) return NeedsMore{};
  auto header =
      parse_part_header(end == 0 ? std::string_view() : unread().substr(0, end).substr(kLineEnd.size()));
  at_ += end + kHeaderEnd.size();
  if (!header) {
    state_ = State::kBroken;
    return std::move(header).error();
  }
  state_ = State::kData;
  in_part_ = true;
  return PartBegins{std::move(*header)};
}

MultipartReader::Event MultipartReader::read_data() {
  const std::string_view rest = unread();
  const std::size_t found = rest.find(delimiter_);
  const std::size_t size =
      found != std::string_view::npos ? found : rest.size() - begun_at_end(rest, delimiter_);
  at_ += size;
  if (size > 0) return PartData{rest.substr(0, size)};
  if (found == std::string_view::npos) return NeedsMore{};
  at_ += delimiter_.size();
  state_ = State::kBoundary;
  return read_boundary();
}

MultipartReader::Event MultipartReader::broken(std::string message) {
  state_ = State::kBroken;
  return malformed_multipart(std::move(message));
}

}  // namespace shunt::http

#include <cstdint>
#include <cstring>

#include "shunt/base/json.hpp"

namespace shunt::base {
namespace {

// What the bytes at the front of `text` are: a whole sequence of `length` bytes, the start of one that the
// text's end cuts off, or neither.
struct Sequence {
  enum class Kind { kWhole, kCut, kMalformed } kind;
  std::size_t length;
};

// Well-formed byte sequences: Unicode Standard, table 3-7. The second byte's range depends on the first.
Sequence first_sequence(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {Sequence::Kind::kWhole, 1};
  if (lead < 0xC2 || lead > 0xF4) return {Sequence::Kind::kMalformed, 1};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {Sequence::Kind::kCut, i};
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xBF;
    if (i == 1) {
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    }
    if (byte(i) < low || byte(i) > high) return {Sequence::Kind::kMalformed, i};
  }
  return {Sequence::Kind::kWhole, length};
}

// Eight ASCII bytes at a time: nearly all text is ASCII.
std::size_t ascii_prefix(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at + 8 <= text.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    if ((word & 0x8080808080808080ULL) != 0) break;
    at += 8;
  }
  return at;
}

}  // namespace

std::size_t valid_utf8_prefix(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    at += ascii_prefix(text.substr(at));
    if (at == text.size()) break;
    const Sequence sequence = first_sequence(text.substr(at));
    if (sequence.kind != Sequence::Kind::kWhole) break;
    at += sequence.length;
  }
  return at;
}

bool is_valid_utf8(std::string_view text) noexcept {
  return valid_utf8_prefix(text) == text.size();
}

std::size_t utf8_complete_prefix(std::string_view text) noexcept {
  // A cut sequence has at most three bytes, so only the tail needs a look.
  const std::size_t look = text.size() < 3 ? text.size() : 3;
  for (std::size_t back = 1; back <= look; ++back) {
    const std::size_t at = text.size() - back;
    if ((static_cast<std::uint8_t>(text[at]) & 0xC0) == 0x80) continue;
    return first_sequence(text.substr(at)).kind == Sequence::Kind::kCut ? at : text.size();
  }
  return text.size();
}

std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Sequence sequence = first_sequence(text);
    if (sequence.kind == Sequence::Kind::kWhole) {
      out.append(text.substr(0, sequence.length));
    } else {
      out.append("\xEF\xBF\xBD");
    }
    text.remove_prefix(sequence.length);
  }
  return out;
}

}  // namespace shunt::base

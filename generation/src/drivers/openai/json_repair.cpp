#include "drivers/openai/json_repair.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

#include "shunt/base/hex.hpp"

namespace shunt::generation::openai {
namespace {

constexpr std::array<std::string_view, 8> kNoNumbers = {"-Infinity", "Infinity", "-inf", "inf",
                                                        "NaN",       "nan",      "-NaN", "-nan"};

// The length of such a word at the beginning of `rest`, 0 if there is none.
std::size_t no_number_at(std::string_view rest) {
  for (const std::string_view word : kNoNumbers) {
    if (rest.starts_with(word)) return word.size();
  }
  return 0;
}

// The code unit of "\uXXXX" at the beginning of `rest`, or nothing.
std::optional<unsigned> code_unit_at(std::string_view rest) {
  if (rest.size() < 6 || !rest.starts_with("\\u")) return std::nullopt;
  unsigned unit = 0;
  const char* const end = rest.data() + 6;
  const auto [stopped, failure] = std::from_chars(rest.data() + 2, end, unit, 16);
  if (failure != std::errc() || stopped != end) return std::nullopt;
  return unit;
}

bool is_leading(unsigned unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}
bool is_trailing(unsigned unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

class Repair {
 public:
  explicit Repair(std::string_view text) : text_(text) { repaired_.reserve(text.size() + 16); }

  std::optional<std::string> run() {
    while (at_ < text_.size()) in_text_ ? take_in_text() : take_outside();
    if (!changed_) return std::nullopt;
    return std::move(repaired_);
  }

 private:
  void keep(std::size_t size) {
    repaired_ += text_.substr(at_, size);
    at_ += size;
  }
  void replace(std::size_t size, std::string_view by) {
    repaired_ += by;
    at_ += size;
    changed_ = true;
  }

  void take_outside() {
    if (const std::size_t size = no_number_at(text_.substr(at_)); size > 0) return replace(size, "null");
    in_text_ = text_[at_] == '"';
    keep(1);
  }

  void take_in_text() {
    const auto byte = static_cast<unsigned char>(text_[at_]);
    if (byte == '\\') return take_escape();
    if (byte < 0x20) {
      const std::string escape = "\\u" + hex_number(byte, 4);
      return replace(1, escape);
    }
    in_text_ = byte != '"';
    keep(1);
  }

  void take_escape() {
    const std::string_view rest = text_.substr(at_);
    if (const auto unit = code_unit_at(rest)) {
      if (!is_leading(*unit) && !is_trailing(*unit)) return keep(6);
      const auto next = code_unit_at(rest.substr(6));
      if (is_leading(*unit) && next && is_trailing(*next)) return keep(12);
      return replace(6, "\\ufffd");
    }
    const bool known =
        rest.size() == 1 || std::string_view("\"\\/bfnrt").find(rest[1]) != std::string_view::npos;
    known ? keep(std::min<std::size_t>(2, rest.size())) : replace(1, "\\\\");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string repaired_;
  bool in_text_ = false;
  bool changed_ = false;
};

}  // namespace

std::optional<std::string> repaired_json(std::string_view text) {
  return Repair(text).run();
}

}  // namespace shunt::generation::openai

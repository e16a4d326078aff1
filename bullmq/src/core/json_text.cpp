#include "core/json_text.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "bullmq/error.hpp"

namespace bullmq::detail {

std::size_t utf8_character_at(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool fits = (first != 0xE0 || byte(1) >= 0xA0) && (first != 0xED || byte(1) <= 0x9F);
    return fits && follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool fits = (first != 0xF0 || byte(1) >= 0x90) && (first != 0xF4 || byte(1) <= 0x8F);
    return fits && follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// The lists around a place, innermost last. The usual ones are bits of one number, so that a look at a short
// text allocates nothing; what is nested deeper goes to a vector.
class OpenLists {
 public:
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] bool innermost_is_object() const {
    return count_ > kInNumber ? deeper_.back() : (bits_ & 1U) != 0;
  }
  void open(bool is_object) {
    if (count_ >= kInNumber) {
      deeper_.push_back(is_object);
    } else {
      bits_ = bits_ << 1U | std::uint64_t{is_object};
    }
    ++count_;
  }
  void close() {
    if (count_ > kInNumber) {
      deeper_.pop_back();
    } else {
      bits_ >>= 1U;
    }
    --count_;
  }

 private:
  static constexpr std::size_t kInNumber = 64;

  std::size_t count_ = 0;
  std::uint64_t bits_ = 0;
  std::vector<bool> deeper_;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  [[nodiscard]] bool is_json() {
    while (begin_value()) {
      // A value has ended here, and what it is in may end with it.
      bool next = false;
      while (!next) {
        skip_blanks();
        if (open_.empty()) return at_ == text_.size();
        const bool in_object = open_.innermost_is_object();
        if (take(',')) {
          if (in_object && !member_name()) return false;
          next = true;
        } else if (take(in_object ? '}' : ']')) {
          open_.close();
        } else {
          return false;
        }
      }
    }
    return false;
  }
  [[nodiscard]] std::size_t position() const noexcept { return at_; }

 private:
  [[nodiscard]] char here() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char wanted) {
    if (here() != wanted || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void skip_blanks() {
    while (here() == ' ' || here() == '\n' || here() == '\t' || here() == '\r') ++at_;
  }

  // Up to the end of a value that is no list, or into lists up to the first value that has an end.
  bool begin_value() {
    while (true) {
      skip_blanks();
      const char c = here();
      if (c != '{' && c != '[') return scalar();
      ++at_;
      skip_blanks();
      if (take(c == '{' ? '}' : ']')) return true;
      open_.open(c == '{');
      if (c == '{' && !member_name()) return false;
    }
  }
  bool scalar() {
    switch (here()) {
      case '"':
        return string();
      case 't':
        return take_word("true");
      case 'f':
        return take_word("false");
      case 'n':
        return take_word("null");
      default:
        return number();
    }
  }
  bool member_name() {
    skip_blanks();
    if (!string()) return false;
    skip_blanks();
    return take(':');
  }
  bool string() {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return false;
      const std::size_t bytes = c == '\\' ? escape_at() : utf8_character_at(text_, at_);
      if (bytes == 0) return false;
      at_ += bytes;
    }
    return false;
  }
  [[nodiscard]] std::size_t escape_at() const {
    const std::string_view escape = text_.substr(at_, 6);
    if (escape.size() < 2) return 0;
    if (escape[1] != 'u')
      return std::string_view("\"\\/bfnrt").find(escape[1]) == std::string_view::npos ? 0 : 2;
    if (escape.size() < 6) return 0;
    for (const char c : escape.substr(2)) {
      if (!is_hex(c)) return 0;
    }
    return 6;
  }
  bool digits() {
    const std::size_t from = at_;
    while (is_digit(here())) ++at_;
    return at_ > from;
  }
  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (here() != 'e' && here() != 'E') return true;
    ++at_;
    if (!take('+')) take('-');
    return digits();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  OpenLists open_;
};

}  // namespace

std::optional<std::size_t> find_json_error(std::string_view text) {
  Scanner scanner(text);
  if (scanner.is_json()) return std::nullopt;
  return scanner.position();
}

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = utf8_character_at(text, at);
    if (bytes == 0) return false;
    at += bytes;
  }
  return true;
}

void require_json(std::string_view what, std::string_view text) {
  const auto error = find_json_error(text);
  if (!error) return;
  throw ValidationError(std::string(what) + ": expected JSON text (a text is written \"in quotes\"), got " +
                        std::to_string(text.size()) + " bytes that are none from byte " +
                        std::to_string(*error) + " on");
}

void require_utf8(std::string_view what, std::string_view text) {
  if (!is_utf8(text)) throw ValidationError(std::string(what) + ": expected text in UTF-8, got other bytes");
}

}  // namespace bullmq::detail

#pragma once

#include <cstddef>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace bullmq {

// The text of an option: a std::string that may stand in an aggregate inside a co_await expression.
//
// g++ 12 copies aggregates bit by bit when they are made there, co_await queue.add("a", mail, {.job_id =
// "b"}), and destroys both: a std::string would be freed twice. A Text knows where it was constructed. A copy
// of its bits is somewhere else, so it can be read and copied as long as the original lives, which is the
// whole expression, and its destructor does nothing. (tests/unit/bullmq/natural_calls_test.cpp)
class Text {
 public:
  Text() noexcept { std::construct_at(&text_); }
  // NOLINTNEXTLINE(google-explicit-constructor): it is a text wherever one is wanted, and the other way
  // round.
  Text(std::string text) noexcept { std::construct_at(&text_, std::move(text)); }
  // NOLINTNEXTLINE(google-explicit-constructor)
  Text(const char* text) { std::construct_at(&text_, text); }
  // NOLINTNEXTLINE(google-explicit-constructor)
  Text(std::string_view text) { std::construct_at(&text_, text); }
  Text(const Text& other) { std::construct_at(&text_, other.text_); }
  // A copy of bits has to be copied; memory that is exhausted in that moment ends the program.
  Text(Text&& other) noexcept {
    if (other.is_original()) {
      std::construct_at(&text_, std::move(other.text_));
    } else {
      std::construct_at(&text_, std::as_const(other).text_);
    }
  }
  Text& operator=(const Text& other) {
    if (this == &other) return *this;
    return assign(other.text_);
  }
  // As the constructor above.
  Text& operator=(Text&& other) noexcept {
    if (!other.is_original()) return assign(std::as_const(other).text_);
    return assign(std::move(other.text_));
  }
  ~Text() {
    if (is_original()) std::destroy_at(&text_);
  }

  [[nodiscard]] const std::string& str() const noexcept { return text_; }
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator std::string_view() const noexcept { return text_; }
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator const std::string&() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return text_.size(); }
  void clear() { assign(std::string()); }

  friend bool operator==(const Text& a, const Text& b) noexcept { return a.text_ == b.text_; }
  friend bool operator==(const Text& a, std::string_view b) noexcept { return a.text_ == b; }
  friend bool operator==(const Text& a, const std::string& b) noexcept { return a.text_ == b; }
  friend bool operator==(const Text& a, const char* b) noexcept { return a.text_ == b; }
  friend std::string operator+(const Text& a, std::string_view b) { return a.text_ + std::string(b); }
  friend std::string operator+(const std::string& a, const Text& b) { return a + b.text_; }
  friend std::ostream& operator<<(std::ostream& out, const Text& text) { return out << text.text_; }

 private:
  [[nodiscard]] bool is_original() const noexcept { return constructed_at_ == this; }
  Text& assign(std::string text) {
    if (is_original()) {
      text_ = std::move(text);
    } else {
      std::construct_at(&text_, std::move(text));
      constructed_at_ = this;
    }
    return *this;
  }

  const Text* constructed_at_ = this;
  union {
    std::string text_;
  };
};

}  // namespace bullmq

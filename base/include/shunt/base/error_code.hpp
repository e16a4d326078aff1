#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shunt::base {

// The stable, machine-readable name of what went wrong: lower-case letters, digits and underscores, beginning
// with a letter, at most 64. Clients branch on it and metrics count by it, so nothing else can be in it.
// Codes of ours are constants (`error_code::kUnknownModel`) or literals, which the compiler checks; what
// others sent goes through parse(). Empty only when it was made without a value.
class ErrorCode {
 public:
  static constexpr std::size_t kMaxSize = 64;

  constexpr ErrorCode() noexcept = default;

  // A literal. It does not compile if it cannot be a code.
  template <std::size_t Size>
  consteval ErrorCode(const char (&literal)[Size])  // NOLINT(google-explicit-constructor)
      : ErrorCode(Checked{}, std::string_view(literal, Size - 1)) {
    if (!is_well_formed(std::string_view(literal, Size - 1))) throw "this cannot be an error code";
  }

  // nullopt for a text that cannot be a code.
  [[nodiscard]] static constexpr std::optional<ErrorCode> parse(std::string_view text) noexcept {
    if (!is_well_formed(text)) return std::nullopt;
    return ErrorCode(Checked{}, text);
  }

  [[nodiscard]] constexpr std::string_view text() const noexcept { return {text_.data(), size_}; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::string to_string() const { return std::string(text()); }
  // The view lives as long as this object.
  constexpr operator std::string_view() const noexcept {  // NOLINT(google-explicit-constructor)
    return text();
  }

  // Compares with another code, a literal or any text.
  template <std::convertible_to<std::string_view> Text>
  friend constexpr bool operator==(const ErrorCode& a, const Text& b) noexcept {
    return a.text() == std::string_view(b);
  }

 private:
  struct Checked {};
  constexpr ErrorCode(Checked, std::string_view text) noexcept
      : size_(static_cast<std::uint8_t>(std::min(text.size(), kMaxSize))) {
    std::copy_n(text.begin(), size_, text_.begin());
  }

  static constexpr bool is_well_formed(std::string_view text) noexcept {
    return !text.empty() && text.size() <= kMaxSize && text.front() >= 'a' && text.front() <= 'z' &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
  }

  // Within the object, so that an error costs no allocation for its code.
  std::array<char, kMaxSize> text_{};
  std::uint8_t size_ = 0;
};

}  // namespace shunt::base

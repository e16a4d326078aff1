#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace shunt::base {

enum class HexCase { kLower, kUpper };

// The digit that stands for the lowest four bits of `value`.
[[nodiscard]] constexpr char hex_digit(std::uint64_t value, HexCase letters = HexCase::kLower) noexcept {
  constexpr std::string_view kLower = "0123456789abcdef";
  constexpr std::string_view kUpper = "0123456789ABCDEF";
  return (letters == HexCase::kLower ? kLower : kUpper)[value & 15U];
}

// What a digit of either case stands for; nullopt for any other character.
[[nodiscard]] constexpr std::optional<unsigned> hex_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a') + 10U;
  if (digit >= 'A' && digit <= 'F') return static_cast<unsigned>(digit - 'A') + 10U;
  return std::nullopt;
}

// Writes the lowest bits of `number` as lower-case digits over all of `to`, with zeros in front.
constexpr void put_hex(std::span<char> to, std::uint64_t number) noexcept {
  for (std::size_t i = to.size(); i-- > 0; number >>= 4U) to[i] = hex_digit(number);
}

// The same as a text of `digits` digits.
[[nodiscard]] inline std::string hex_number(std::uint64_t number, std::size_t digits) {
  std::string text(digits, '0');
  put_hex(text, number);
  return text;
}

// Reads 1 to 16 lower-case digits and nothing else: the form in which the functions above write a number.
[[nodiscard]] constexpr std::optional<std::uint64_t> parse_hex(std::string_view digits) noexcept {
  if (digits.empty() || digits.size() > 16) return std::nullopt;
  std::uint64_t number = 0;
  for (const char digit : digits) {
    const auto value = digit >= 'A' && digit <= 'F' ? std::nullopt : hex_value(digit);
    if (!value) return std::nullopt;
    number = number << 4U | *value;
  }
  return number;
}

// Appends two digits for a byte.
inline void append_hex(std::string& out, std::uint8_t byte, HexCase letters = HexCase::kLower) {
  out += hex_digit(byte >> 4U, letters);
  out += hex_digit(byte, letters);
}

// Appends two lower-case digits for each byte.
inline void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) append_hex(out, byte);
}

}  // namespace shunt::base

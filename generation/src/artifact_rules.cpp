#include "shunt/generation/artifact_rules.hpp"

#include <algorithm>
#include <cstddef>

namespace shunt::generation {
namespace {

constexpr std::size_t kLongestMediaType = 255;

bool is_token_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// Takes the longest token from the front. False: there is none.
bool take_token(std::string_view& text) noexcept {
  const auto* const end = std::ranges::find_if_not(text, is_token_character);
  const auto size = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(size);
  return size > 0;
}

bool take(std::string_view& text, char c) noexcept {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

void skip_blanks(std::string_view& text) noexcept {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
}

// The inside of a quoted string without escapes, and the quote behind it.
bool take_quoted(std::string_view& text) noexcept {
  const std::size_t end = text.find('"');
  if (end == std::string_view::npos) return false;
  const bool plain = std::ranges::all_of(text.substr(0, end), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c < 0x7f && c != '\\';
  });
  text.remove_prefix(end + 1);
  return plain;
}

}  // namespace

bool is_valid_media_type(std::string_view text) noexcept {
  if (text.size() > kLongestMediaType) return false;
  if (!take_token(text) || !take(text, '/') || !take_token(text)) return false;
  while (!text.empty()) {
    skip_blanks(text);
    if (!take(text, ';')) return false;
    skip_blanks(text);
    if (!take_token(text) || !take(text, '=')) return false;
    if (take(text, '"') ? !take_quoted(text) : !take_token(text)) return false;
  }
  return true;
}

bool is_sha256_hex(std::string_view text) noexcept {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace shunt::generation

#include "shunt/base/display_text.hpp"

#include <cstdint>

#include "shunt/base/hex.hpp"
#include "shunt/base/json.hpp"

namespace shunt::base {
namespace {

struct Character {
  char32_t code;
  std::size_t bytes;
};

// The character at the front of `text`, which is valid UTF-8 and not empty.
Character first_character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t code = lead & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) code = (code << 6U) | (byte(i) & 0x3FU);
  return {code, bytes};
}

// Unicode's Bidi_Control, line and paragraph separators, the zero width no-break space, annotations and tags:
// they have no form of their own and change how their neighbours look.
bool is_deceptive(char32_t code) noexcept {
  return code == 0x061C || (code >= 0x200E && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF || (code >= 0xFFF9 && code <= 0xFFFB) ||
         (code >= 0xE0000 && code <= 0xE007F);
}

bool is_control(char32_t code) noexcept {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F);
}

bool is_shown(char32_t code, LineBreaks breaks) noexcept {
  if (breaks == LineBreaks::kKept && (code == '\n' || code == '\t')) return true;
  return !is_control(code) && !is_deceptive(code);
}

void append_escaped(std::string& out, char32_t code) {
  if (code == '\n') {
    out += "\\n";
  } else if (code == '\r') {
    out += "\\r";
  } else if (code == '\t') {
    out += "\\t";
  } else if (code < 0x100) {
    out += "\\x" + hex_number(code, 2);
  } else {
    out += code < 0x10000 ? "\\u" + hex_number(code, 4) : "\\U" + hex_number(code, 8);
  }
}

// JSON has no escape beyond the basic plane but a surrogate pair.
void append_json_escaped(std::string& out, char32_t code) {
  if (code < 0x10000) {
    out += "\\u" + hex_number(code, 4);
    return;
  }
  const char32_t rest = code - 0x10000;
  out += "\\u" + hex_number(0xD800 + (rest >> 10U), 4) + "\\u" + hex_number(0xDC00 + (rest & 0x3FFU), 4);
}

// Valid UTF-8 without a byte that needs a closer look, as nearly every text is.
bool is_plain_ascii(std::string_view text) noexcept {
  for (const char c : text) {
    if (static_cast<std::uint8_t>(c) < 0x20 || static_cast<std::uint8_t>(c) >= 0x7F) return false;
  }
  return true;
}

}  // namespace

std::string excerpt(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  const std::string_view kept = text.substr(0, utf8_complete_prefix(text.substr(0, limit)));
  return std::string(kept) + "... (" + std::to_string(text.size()) + " bytes)";
}

bool is_displayable(std::string_view text, LineBreaks breaks) noexcept {
  if (is_plain_ascii(text)) return true;
  if (!is_valid_utf8(text)) return false;
  while (!text.empty()) {
    const Character next = first_character(text);
    if (!is_shown(next.code, breaks)) return false;
    text.remove_prefix(next.bytes);
  }
  return true;
}

std::string displayable(std::string_view text, LineBreaks breaks) {
  if (is_plain_ascii(text)) return std::string(text);
  const std::string valid = to_valid_utf8(text);
  std::string out;
  out.reserve(valid.size());
  for (std::string_view rest = valid; !rest.empty();) {
    const Character next = first_character(rest);
    const bool line_end = breaks == LineBreaks::kKept && rest.starts_with("\r\n");
    if (is_shown(next.code, breaks)) {
      out.append(rest.substr(0, next.bytes));
    } else if (!line_end) {
      append_escaped(out, next.code);
    }
    rest.remove_prefix(next.bytes);
  }
  return out;
}

std::string displayable_json(std::string_view json) {
  if (is_plain_ascii(json)) return std::string(json);
  const std::string valid = to_valid_utf8(json);
  std::string out;
  out.reserve(valid.size());
  for (std::string_view rest = valid; !rest.empty();) {
    const Character next = first_character(rest);
    // Line feeds and tabs are layout: inside strings JSON has escaped them already.
    if (is_shown(next.code, LineBreaks::kKept)) {
      out.append(rest.substr(0, next.bytes));
    } else {
      append_json_escaped(out, next.code);
    }
    rest.remove_prefix(next.bytes);
  }
  return out;
}

}  // namespace shunt::base

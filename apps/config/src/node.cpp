#include "node.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "shunt/base/hex.hpp"

namespace shunt::config {
namespace {

// Long enough to recognise one's own line, short enough for a terminal.
constexpr std::size_t kMaxShownBytes = 60;

std::string cut(std::string text) {
  if (text.size() <= kMaxShownBytes) return text;
  std::size_t end = kMaxShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not inside a letter
  text.resize(end);
  return text + "...";
}

struct Shower {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
  }
  std::string operator()(const std::string& value) const { return in_quotes(cut(value)); }
  std::string operator()(const List& value) const {
    std::string text = "[";
    for (const Node& node : value) {
      if (text.size() > kMaxShownBytes) break;
      if (text.size() > 1) text += ", ";
      text += show(node);
    }
    return cut(text + ']');
  }
  std::string operator()(const Table&) const { return "a table"; }
  std::string operator()(const Untyped& value) const { return in_quotes(cut(value.text)); }
  std::string operator()(const Moment& value) const { return value.text; }
};

}  // namespace

std::string show(const Node& node) {
  return std::visit(Shower{}, node.value);
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      append_hex(out, byte, HexCase::kUpper);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string key_text(std::string_view key) {
  const auto bare = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (!key.empty() && std::ranges::all_of(key, bare)) return std::string(key);
  return in_quotes(key);
}

}  // namespace shunt::config

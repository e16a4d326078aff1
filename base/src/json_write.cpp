#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "shunt/base/hex.hpp"
#include "shunt/base/json.hpp"

namespace shunt::base {
namespace {

template <typename Number>
void append_number(std::string& out, Number number) {
  std::array<char, 32> digits{};
  const auto [end, failure] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), failure == std::errc{} ? end : digits.data());
}

// A double whose shortest form looks like an integer is one to whoever reads it. That does no harm but where
// the integer would be refused (beyond +-(2^53 - 1)) or be another number (-0).
void append_double(std::string& out, double number) {
  const std::size_t begin = out.size();
  append_number(out, number);
  const bool as_integer = out.find_first_not_of("-0123456789", begin) == std::string::npos;
  const bool is_safe =
      std::abs(number) <= static_cast<double>(kMaxSafeInteger) && !(number == 0 && std::signbit(number));
  if (as_integer && !is_safe) out += ".0";
}

// Appends the escape of a character that may not stand in a JSON string.
void append_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      break;
  }
  out += "\\u00";
  append_hex(out, static_cast<std::uint8_t>(c));
}

bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// Where the next character is that needs an escape, or the text's size. Eight bytes at a time: nearly all
// text has none.
std::size_t next_escape(std::string_view text, std::size_t at) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  constexpr std::uint64_t kHighs = 0x8080808080808080ULL;
  const auto zero_bytes = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighs; };
  for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    const std::uint64_t controls = (word - kOnes * 0x20) & ~word & kHighs;
    if ((controls | zero_bytes(word ^ (kOnes * '"')) | zero_bytes(word ^ (kOnes * '\\'))) != 0) break;
  }
  while (at < text.size() && !needs_escape(text.data()[at])) ++at;
  return at;
}

// One writer for both forms: indent < 0 is compact.
class Writer {
 public:
  Writer(std::string& out, int indent) : out_(out), indent_(indent) {}

  void write(const Json& value) {
    switch (value.kind()) {
      case boost::json::kind::null:
        out_ += "null";
        break;
      case boost::json::kind::bool_:
        out_ += value.get_bool() ? "true" : "false";
        break;
      case boost::json::kind::int64:
        append_number(out_, value.get_int64());
        break;
      case boost::json::kind::uint64:
        append_number(out_, value.get_uint64());
        break;
      case boost::json::kind::double_:
        append_double(out_, value.get_double());
        break;
      case boost::json::kind::string:
        append_json_string(out_, value.get_string());
        break;
      case boost::json::kind::array:
        write_array(value.get_array());
        break;
      case boost::json::kind::object:
        write_object(value.get_object());
        break;
    }
  }

 private:
  void write_array(const JsonArray& array) {
    out_ += '[';
    bool first = true;
    for (const Json& element : array) {
      next_line(first);
      write(element);
    }
    close(first, ']');
  }

  void write_object(const JsonObject& object) {
    out_ += '{';
    bool first = true;
    for (const auto& member : object) {
      next_line(first);
      append_json_string(out_, member.key());
      out_ += indent_ < 0 ? ":" : ": ";
      write(member.value());
    }
    close(first, '}');
  }

  void next_line(bool& first) {
    if (!first) out_ += ',';
    if (first) ++depth_;
    first = false;
    break_line();
  }

  void close(bool empty, char bracket) {
    if (!empty) {
      --depth_;
      break_line();
    }
    out_ += bracket;
  }

  void break_line() {
    if (indent_ < 0) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth_) * static_cast<std::size_t>(indent_), ' ');
  }

  std::string& out_;
  const int indent_;
  int depth_ = 0;
};

}  // namespace

std::string_view json_kind_name(const Json& value) noexcept {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "a boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
    case boost::json::kind::double_:
      return "a number";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "an array";
    case boost::json::kind::object:
      return "an object";
  }
  return "nothing";
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t from = 0;
  for (;;) {
    const std::size_t to = next_escape(text, from);
    out.append(text.data() + from, to - from);
    if (to == text.size()) break;
    append_escape(out, text.data()[to]);
    from = to + 1;
  }
  out += '"';
}

void append_json(std::string& out, const Json& value) {
  Writer(out, -1).write(value);
}

std::string to_json_text(const Json& value) {
  constexpr std::size_t kUsualBytes = 128;  // of what has members
  std::string out;
  if (value.is_structured()) out.reserve(kUsualBytes);
  if (value.is_string()) out.reserve(value.get_string().size() + 2);
  append_json(out, value);
  return out;
}

std::string to_pretty_json(const Json& value) {
  std::string out;
  Writer(out, 2).write(value);
  return out;
}

}  // namespace shunt::base

#include "core/json_value.hpp"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "core/json_text.hpp"

namespace bullmq::detail {
namespace {

namespace json = boost::json;

// Builds the value that basic_parser reads.
class Builder {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  Builder() { stack_.reset(); }
  [[nodiscard]] JsonValue release() { return stack_.release(); }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_object_end(std::size_t members, json::error_code&) {
    stack_.push_object(members);
    return true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t elements, json::error_code&) {
    stack_.push_array(elements);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_key(json::string_view rest, std::size_t, json::error_code&) {
    stack_.push_key(rest);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view rest, std::size_t, json::error_code&) {
    stack_.push_string(rest);
    return true;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, json::error_code&) {
    stack_.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
    stack_.push_uint64(number);
    return true;
  }
  // The number that Boost.JSON 1.81 has computed is wrong by a few units in the last place. The text is here
  // as a whole, because all of it was given at once.
  bool on_double(double number, json::string_view token, json::error_code& failure) {
    double exact = 0;
    const auto [end, problem] = std::from_chars(token.data(), token.data() + token.size(), exact);
    if (problem == std::errc() && end == token.data() + token.size()) number = exact;
    if (!std::isfinite(number)) {
      failure = json::error::exponent_overflow;
      return false;
    }
    stack_.push_double(number);
    return true;
  }
  bool on_bool(bool value, json::error_code&) {
    stack_.push_bool(value);
    return true;
  }
  bool on_null(json::error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  json::value_stack stack_;
};

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kNamed = "\"\\\n\r\t\b\f";
  constexpr std::string_view kNames = "\"\\nrtbf";
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto named = kNamed.find(c);
  out += '\\';
  if (named != std::string_view::npos) {
    out += kNames[named];
    return;
  }
  out += "u00";
  out += kHex[static_cast<unsigned char>(c) >> 4];
  out += kHex[static_cast<unsigned char>(c) & 15];
}

// From here on JavaScript writes whole numbers with an exponent; below, 7e9 is 7000000000, as the integer is.
constexpr double kFirstWithExponent = 1e21;

template <typename Number, typename... Format>
void append_number(std::string& out, Number number, Format... format) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, format...).ptr;
  out.append(digits.data(), end);
}

class Writer {
 public:
  Writer(std::string& out, MemberOrder order) : out_(out), order_(order) {}

  void write(const JsonValue& value) {
    switch (value.kind()) {
      case json::kind::null:
        out_ += "null";
        break;
      case json::kind::bool_:
        out_ += value.get_bool() ? "true" : "false";
        break;
      case json::kind::int64:
        append_number(out_, value.get_int64());
        break;
      case json::kind::uint64:
        append_number(out_, value.get_uint64());
        break;
      case json::kind::double_:
        write_double(value.get_double());
        break;
      case json::kind::string:
        append_json_string(out_, {value.get_string().data(), value.get_string().size()});
        break;
      case json::kind::array:
        write_array(value.get_array());
        break;
      case json::kind::object:
        write_object(value.get_object());
        break;
    }
  }

 private:
  void write_double(double number) {
    if (!std::isfinite(number)) {
      out_ += "null";
    } else if (number == 0) {
      out_ += '0';  // -0 too
    } else if (std::trunc(number) == number && std::abs(number) < kFirstWithExponent) {
      append_number(out_, number, std::chars_format::fixed);
    } else {
      append_number(out_, number);
    }
  }

  void write_array(const json::array& array) {
    char before = '[';
    for (const JsonValue& element : array) {
      out_ += std::exchange(before, ',');
      write(element);
    }
    out_ += array.empty() ? "[]" : "]";
  }

  void write_object(const JsonObject& object) {
    std::vector<const json::key_value_pair*> members;
    members.reserve(object.size());
    for (const auto& member : object) members.push_back(&member);
    if (order_ == MemberOrder::sorted) {
      std::sort(members.begin(), members.end(),
                [](const auto* left, const auto* right) { return left->key() < right->key(); });
    }
    char before = '{';
    for (const auto* member : members) {
      out_ += std::exchange(before, ',');
      append_json_string(out_, {member->key().data(), member->key().size()});
      out_ += ':';
      write(member->value());
    }
    out_ += object.empty() ? "{}" : "}";
  }

  std::string& out_;
  MemberOrder order_;
};

}  // namespace

std::optional<JsonValue> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  json::basic_parser<Builder> parser(options);
  json::error_code failure;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), failure);
  if (failure || read != text.size()) return std::nullopt;
  return parser.handler().release();
}

std::optional<JsonObject> parse_json_object(std::string_view text) {
  auto value = parse_json(text);
  if (!value || !value->is_object()) return std::nullopt;
  return std::move(value->get_object());
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const std::size_t bytes = utf8_character_at(text, at);
    if (bytes == 0) {
      out += kReplacement;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') {
      append_escaped(out, c);
    } else {
      out.append(text, at, bytes);
    }
    at += bytes == 0 ? 1 : bytes;
  }
  out += '"';
}

std::string write_json(const JsonValue& value, MemberOrder order) {
  std::string out;
  Writer(out, order).write(value);
  return out;
}

}  // namespace bullmq::detail

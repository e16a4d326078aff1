// JSON texts as anybody sends them. Checks parse_json against plain Boost.JSON and a second look at the text,
// that what is written again is read as the same, and that no text takes more time than its length allows.
#include <algorithm>
#include <boost/json/parse.hpp>
#include <cmath>

#include "shunt/base/json.hpp"
#include "support/fuzzing.hpp"
#include "support/work.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

// Of Boost.JSON's numbers, whose last places are not exact.
constexpr double kError = 1e-13;

// The same value, where 1.0 is written as 1.
bool is_same(const Json& a, const Json& b, double error = 0) {
  if (a.is_number() && b.is_number()) {
    const auto x = a.to_number<double>();
    const auto y = b.to_number<double>();
    return x == y || std::abs(x - y) <= error * std::abs(x) || (error > 0 && std::abs(x) < 1e-300);
  }
  if (a.kind() != b.kind()) return false;
  const auto same = [error](const Json& x, const Json& y) { return is_same(x, y, error); };
  if (const JsonArray* array = a.if_array()) return std::ranges::equal(*array, b.get_array(), same);
  const JsonObject* object = a.if_object();
  if (object == nullptr) return a == b;
  return std::ranges::equal(*object, b.get_object(), [&same](const auto& x, const auto& y) {
    return x.key() == y.key() && same(x.value(), y.value());
  });
}

// The rules of json.hpp, read from the value alone; what has a name twice, Boost.JSON has already lost.
bool obeys_the_rules(const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::int64:
      return value.get_int64() >= -kMaxSafeInteger && value.get_int64() <= kMaxSafeInteger;
    case boost::json::kind::uint64:
      return false;
    case boost::json::kind::double_:
      // Boost.JSON takes 0e400 for zero times infinity, which is none.
      return !std::isinf(value.get_double());
    case boost::json::kind::array:
      return std::ranges::all_of(value.get_array(), obeys_the_rules);
    case boost::json::kind::object:
      return std::ranges::all_of(value.get_object(),
                                 [](const auto& member) { return obeys_the_rules(member.value()); });
    default:
      return true;
  }
}

// What both agree about, and who may refuse what.
void compare(std::string_view text) {
  boost::json::parse_options plain_options;
  plain_options.max_depth = 64;
  boost::json::error_code failure;
  const Json plain = boost::json::parse(text, failure, {}, plain_options);
  const auto ours = parse_json(text);
  if (failure) {
    check(!ours.ok(), "what plain Boost.JSON refuses is refused");
    check(!ours.error().message.empty() && !ours.error().is_retryable(), "a refusal says why");
    check(is_valid_utf8(ours.error().message), "a refusal can be shown");
    return;
  }
  if (!ours) {
    const ErrorCode code = ours.error().code;
    check(code != "invalid_json" && code != "invalid_utf8", "what plain Boost.JSON reads is JSON");
    check(code != "number_out_of_range" || text.find_first_of("0123456789") != std::string_view::npos,
          "a number out of range is a number");
    return;
  }
  check(obeys_the_rules(plain), "what is accepted keeps the rules");
  check(is_same(ours.value(), plain, kError), "what is accepted is what was written");
  check(check_json(ours.value()).ok(), "a value that was parsed passes the check of built ones");
}

void check_written_again(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return;
  const std::string compact = to_json_text(*value);
  const auto again = parse_json(compact);
  check(again.ok() && is_same(*again, *value), "compact text is read as the same");
  check(to_json_text(*again) == compact, "the canonical form of a canonical form is itself");
  const auto pretty = parse_json(to_pretty_json(*value));
  check(pretty.ok() && is_same(*pretty, *value), "text for people is read as the same");
}

void check_utf8(std::string_view text) {
  const std::size_t valid = valid_utf8_prefix(text);
  check(valid <= text.size() && is_valid_utf8(text.substr(0, valid)), "the valid prefix is valid");
  check(is_valid_utf8(text) == (valid == text.size()), "valid is what is so to the end");
  check(utf8_complete_prefix(text) <= text.size(), "a prefix");
  const std::string mended = to_valid_utf8(text);
  check(is_valid_utf8(mended) && (valid < text.size() || mended == text), "mended text is valid");
  std::string quoted;
  append_json_string(quoted, mended);
  const auto back = parse_json(quoted);
  check(back.ok() && back->is_string() && std::string_view(back->get_string()) == mended,
        "a quoted text comes back");
}

// Documents of `count` pieces, of the shapes that parsers have been slow with.
std::string document(unsigned char shape, std::string_view piece, std::size_t count) {
  static constexpr std::string_view kBegins[] = {"[", "{", "\"", "{\"a\":{", "[[", ""};
  std::string text(kBegins[shape % std::size(kBegins)]);
  for (std::size_t i = 0; i < count; ++i) {
    if (shape % 2 == 1) {
      text.append("\"")
          .append(piece)
          .append(std::to_string(i))
          .append("\":")
          .append(i % 2 == 0 ? "1" : piece);
    } else {
      text += piece;
    }
    if (shape % std::size(kBegins) != 2) text += ',';
  }
  return text + (shape & 0x80                      ? ""
                 : shape % 2 == 1                  ? "\"z\":0}"
                 : shape % std::size(kBegins) == 2 ? "\""
                                                   : "0]");
}

void check_time(unsigned char shape, std::string_view piece) {
  constexpr std::size_t kSmall = 8 * 1024;
  constexpr std::size_t kLarge = 16 * kSmall;
  piece = piece.substr(0, 256);
  const auto parse = [](const std::string& text) { (void)parse_json(text).ok(); };
  const std::size_t bytes = piece.size() + 8;
  fuzz::check_grows_linearly(parse, document(shape, piece, kSmall / bytes),
                             document(shape, piece, kLarge / bytes), "parse_json");
}

// An object whose names fall together in Boost.JSON 1.81's table, if the table lies where `salt` says within
// a page, as one does that is large enough to be mapped by itself. The table's buckets are FNV-1a, begun with
// its address, modulo as many as there are members: of 2^16 only the low bits count, and a name's last
// letters can be chosen such that twelve of them are zero.
std::string colliding_object(std::uint32_t salt) {
  constexpr std::uint32_t kMask = 0xfff;
  constexpr std::uint32_t kPrime = 0x1b3;
  constexpr std::size_t kMembers = 65'536;
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const auto step = [](std::uint32_t hash, char letter) {
    return ((hash ^ static_cast<unsigned char>(letter)) * kPrime) & kMask;
  };
  std::uint32_t inverse = 1;
  while (((inverse * kPrime) & kMask) != 1) ++inverse;
  std::vector<std::string> endings(kMask + 1);  // by the hash in front of them
  for (const char a : kLetters) {
    for (const char b : kLetters) {
      for (const char c : kLetters) {
        std::uint32_t hash = 0;
        for (const char letter : {c, b, a})
          hash = ((hash * inverse) & kMask) ^ static_cast<unsigned char>(letter);
        endings[hash & kMask] = {a, b, c};
      }
    }
  }
  std::string text = "{";
  std::size_t members = 0;
  for (std::size_t number = 0; members < kMembers; ++number) {
    std::string name;
    std::uint32_t hash = (0x325 + salt) & kMask;  // of FNV's offset basis, 0xcbf29ce484222325
    for (std::size_t rest = number, i = 0; i < 4; ++i, rest /= kLetters.size()) {
      name += kLetters[rest % kLetters.size()];
      hash = step(hash, name.back());
    }
    if (endings[hash].empty()) continue;
    text.append(members++ == 0 ? "\"" : ",\"").append(name).append(endings[hash]).append("\":0");
  }
  return text + '}';
}

void check_collisions(std::uint32_t salt) {
  const auto parse = [](const std::string& text) { (void)parse_json(text).ok(); };
  std::string honest = "{\"a\":0";
  for (std::size_t i = 1; i < 4'096; ++i)
    honest.append(",\"").append(std::to_string(i * 12'345'678)).append("\":0");
  fuzz::check_grows_linearly(parse, honest + '}', colliding_object(salt), "parse_json");
}

}  // namespace

// The first byte says what the rest is: a text, (t) a shape and a piece of many, or (c) where in a page a
// table lies.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text = fuzz::text_of(data, size).substr(1);
  if (data[0] == 't') {
    check_time(data[1], text.substr(1));
    return 0;
  }
  if (data[0] == 'c' && size == 3) {
    check_collisions(data[1] * 256U + data[2]);
    return 0;
  }
  compare(text);
  check_written_again(text);
  check_utf8(text);
  return 0;
}

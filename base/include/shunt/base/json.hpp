#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "shunt/base/result.hpp"

namespace shunt::base {

// JSON values are Boost.JSON's (docs/decisions/0002). Text is produced by append_json below, because
// boost::json::serialize writes 0.5 as 5E-1.
using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

// Integers beyond this cannot pass through a double, which is what Node, Lua's cjson and browsers use.
inline constexpr std::int64_t kMaxSafeInteger = 9007199254740991;  // 2^53 - 1

// The deepest nesting that any document of ours may have: far above any generator's input and far below what
// a stack minds. A request's members lie as deep in its envelope as in its body, so one limit serves both.
inline constexpr std::size_t kMaxJsonDepth = 64;

struct JsonLimits {
  std::size_t max_depth = kMaxJsonDepth;  // of arrays and objects; 255 at most (Boost.JSON counts in a byte)
  // Counts in one object. Names that fall together in its table are refused whatever this is (parse_json).
  std::size_t max_members = std::size_t(-1);
};

// What a value is, for messages: "null", "a boolean", "a number", "a string", "an array", "an object".
[[nodiscard]] std::string_view json_kind_name(const Json& value) noexcept;

// Parses one JSON document strictly: UTF-8 only, no comments, no trailing text, no duplicate keys in one
// object, no number beyond +-(2^53 - 1) or outside a double's range. The error names the place (a byte offset
// for syntax, a JSON pointer for values) and has the code `invalid_json`, `json_too_deep`, `invalid_utf8`,
// `number_out_of_range`, `duplicate_key`, `too_many_members` or `colliding_members`. Takes time in proportion
// to the text, whatever names its members have.
[[nodiscard]] Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

// Checks a value that did not come from parse_json (built by a C++ caller) against the same rules: finite
// numbers within +-(2^53 - 1), valid UTF-8, depth. `pointer` prefixes the place in the error.
[[nodiscard]] Result<void> check_json(const Json& value, std::string_view pointer = "",
                                      const JsonLimits& limits = {});

// Appends compact JSON text. Doubles print in the shortest form that reads back equal (0.5, not 5E-1).
// Precondition: check_json(value) holds, so the text is valid JSON.
void append_json(std::string& out, const Json& value);
[[nodiscard]] std::string to_json_text(const Json& value);

// The same, indented by two spaces, for people.
[[nodiscard]] std::string to_pretty_json(const Json& value);

// Appends text as a quoted JSON string.
void append_json_string(std::string& out, std::string_view text);

// The length of the longest valid prefix: where a malformed or cut sequence begins.
[[nodiscard]] std::size_t valid_utf8_prefix(std::string_view text) noexcept;
[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;

// The length of the longest prefix of `text` that does not end inside a UTF-8 sequence. For splitting a byte
// stream into valid pieces.
[[nodiscard]] std::size_t utf8_complete_prefix(std::string_view text) noexcept;

// `text` with every malformed byte sequence replaced by U+FFFD.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);

}  // namespace shunt::base

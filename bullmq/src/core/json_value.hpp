#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace bullmq::detail {

using JsonValue = boost::json::value;
using JsonObject = boost::json::object;

// No option is nested deeper than this, and it is far from what writing a value recursively can exhaust the
// stack with. cjson, which writes the options in Redis, stops at 1,000.
inline constexpr std::size_t kMaxJsonDepth = 1'000;

// Parses a text that anybody may have written. Nothing is returned for a text that is no JSON, is deeper than
// kMaxJsonDepth, or has a number beyond a double's range. Numbers are read exactly, which Boost.JSON 1.81
// does not do by itself.
[[nodiscard]] std::optional<JsonValue> parse_json(std::string_view text);
// The same for a text that is to be an object.
[[nodiscard]] std::optional<JsonObject> parse_json_object(std::string_view text);

// The members of objects are written in the order that they have, or by their names, so that equal values
// have equal texts.
enum class MemberOrder { kept, sorted };
// Bytes that are no UTF-8 become U+FFFD, and numbers that are none (infinity) become null: a text that other
// clients can read is better than none.
[[nodiscard]] std::string write_json(const JsonValue& value, MemberOrder order = MemberOrder::kept);
void append_json_string(std::string& out, std::string_view text);

}  // namespace bullmq::detail

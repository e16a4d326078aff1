#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace bullmq::detail {

// Deeper than this no option is, and far from what writing a value recursively can exhaust the stack with.
// cjson, which writes the options in Redis, stops at 1,000.
inline constexpr std::size_t kMaxJsonDepth = 1'000;

// Parses a text that anybody may have written; a discarded value when it is no JSON or too deep.
[[nodiscard]] nlohmann::json parse_bounded_json(std::string_view text);

}  // namespace bullmq::detail

#pragma once

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"

namespace shunt::openai {

// Joins a piece of a streamed object with what came before, so that what arrives in pieces (tool calls,
// reasoning, log probabilities) ends as one value:
// strings grow, except `id`, `type`, `role` and `object`, which some servers repeat in each piece; objects
// join member by member; array elements with an integer `index` join the element of that index, others are
// appended; anything else is replaced, and null changes nothing. Fails with `upstream_broken` beyond 1,024
// indices in one array or nesting beyond what parse_json lets through.
[[nodiscard]] Result<void> merge_delta(JsonObject& whole, const JsonObject& piece);

}  // namespace shunt::openai

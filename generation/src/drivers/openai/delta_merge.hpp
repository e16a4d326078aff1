#pragma once

#include <cstddef>
#include <string_view>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// Joins a piece of a streamed object with what came before, so that what arrives in pieces (reasoning
// details, log probabilities, audio) ends as one value. The members that hold a growing text are known by
// name; any other text is a constant that some servers repeat in each piece (`type`, `format`, `id`,
// `signature`), and the last one that is not empty counts. Objects join member by member. An array element
// with an integer `index` joins the element of that index and type; the others are appended, except that a
// `reasoning_details` element goes on with the last one of its type. Numbers and booleans are replaced, and
// null changes nothing. Fails with `upstream_broken` beyond 1,024 indices in one array.
[[nodiscard]] Result<void> merge_delta(JsonObject& whole, const JsonObject& piece);

// Whether merge_delta() would make another value of a member that was `known` (nullptr: not there) by
// `piece`. Looks at the piece, not at all that is known; what an array gets is always taken for new.
[[nodiscard]] bool changes(const Json* known, std::string_view key, const Json& piece);

inline constexpr std::size_t kMaxMembers = 256;

// Whether a text of this name comes in pieces.
[[nodiscard]] bool is_growing_text(std::string_view key);

}  // namespace shunt::generation::openai

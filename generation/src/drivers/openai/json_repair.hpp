#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// JSON text with what is known to be wrong in servers' JSON put right: NaN, Infinity and -Infinity (and their
// lower case) outside of texts become null; inside of texts raw control characters are escaped, lone
// surrogates become U+FFFD, and a backslash that escapes nothing stands for itself. Nothing if there is
// nothing of it. Never changes what is right already.
[[nodiscard]] std::optional<std::string> repaired_json(std::string_view text);

}  // namespace shunt::generation::openai

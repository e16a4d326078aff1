#pragma once

#include <string_view>

#include "shunt/base/json.hpp"

namespace shunt::base {

// parse_json for a document that is taken apart at once: all values of a small one lie in one piece of
// memory, which stays for as long as any of them does. So what is kept has to be assigned to a value made
// before (which copies), not moved into a new one.
[[nodiscard]] Result<Json> parse_json_to_take_apart(std::string_view text, const JsonLimits& limits = {});

}  // namespace shunt::base

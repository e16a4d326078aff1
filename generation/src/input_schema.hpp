#pragma once

#include <string_view>

#include "compiled_rule.hpp"
#include "shunt/base/json.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// A rule as JSON Schema 2020-12 has it. A file is a text of the format "binary"; what the standard has no
// word for stands in members that begin with "x-shunt-".
[[nodiscard]] JsonObject schema_of(const CompiledRule& compiled);

// Whether a pattern of RE2 means the same to those who read a schema, which is JavaScript's.
[[nodiscard]] bool is_portable_pattern(std::string_view pattern);

}  // namespace shunt::generation

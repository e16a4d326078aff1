#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::replicate {

// docs/replicate.md
[[nodiscard]] Dialect dialect();

}  // namespace shunt::api::dialects::replicate

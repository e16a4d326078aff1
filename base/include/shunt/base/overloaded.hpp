#pragma once

#include <string_view>

#include "shunt/base/error.hpp"

namespace shunt::base {

// The error of whoever finds no room in a share of memory.limit (MemoryBudget); `what` names the share: "open
// generations". It may be tried again.
[[nodiscard]] Error overloaded(std::string_view what);

}  // namespace shunt::base

#pragma once

#include <string>

#include "namespace.hpp"
#include "shunt/base/result.hpp"

namespace shunt::app {

// From here on this process has the rights of that user and its groups, and its home, and no way back. Before
// there are threads. Fails with `invalid_argument`: there is no such user, or this one may not.
[[nodiscard]] Result<void> become_user(const std::string& name);

}  // namespace shunt::app

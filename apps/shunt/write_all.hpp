#pragma once

#include <string_view>

#include "shunt/base/result.hpp"

namespace shunt::app {

// Writes every byte to a descriptor; waits when it is full. The error's message is the system's reason.
[[nodiscard]] Result<void> write_all(int descriptor, std::string_view bytes);

}  // namespace shunt::app

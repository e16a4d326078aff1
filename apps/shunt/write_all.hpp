#pragma once

#include <string_view>

#include "namespace.hpp"
#include "shunt/base/result.hpp"

namespace shunt::app {

// The error when the reader has gone, which is no failure of the writer: `head` has seen enough.
inline constexpr ErrorCode kBrokenPipe = "broken_pipe";

// Writes every byte to a descriptor; waits when it is full. The error's message is the system's reason, its
// code kBrokenPipe or `write_failed`.
[[nodiscard]] Result<void> write_all(int descriptor, std::string_view bytes);

}  // namespace shunt::app

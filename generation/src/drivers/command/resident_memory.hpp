#pragma once

#include <sys/types.h>

#include <cstddef>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// The memory that a process holds in the machine's (RSS), in bytes; 0 where it cannot be told.
[[nodiscard]] std::size_t resident_bytes(pid_t pid) noexcept;

}  // namespace shunt::generation::command

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "drivers/driver_memory.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

inline constexpr std::string_view kOutputFile = "the program exited with code 0 but its {output_file}";

// Where a program should have written its output, as it is found after its end: by the name `name` in the
// folder open as `directory`, whatever the program has made of the path that led there.
//
// Only a regular file with that one name is read: a link would lead to another file, and a pipe or a device
// has no end. Fails with `invalid_output`, and with `program_limit` when it is, or grows while it is read,
// beyond `max_bytes`. Room for the bytes is taken from `memory` before they are read; `overloaded` where
// there is none. Blocks; not for a loop's thread.
// Errors begin with `subject`, which says what was expected.
[[nodiscard]] Result<std::string> read_output_file(int directory, const std::string& name,
                                                   std::size_t max_bytes, DriverMemory& memory,
                                                   std::string_view subject = kOutputFile);

// A program's output was longer than its limit.
[[nodiscard]] Error output_limit_error(std::size_t max_bytes);

}  // namespace shunt::generation::command

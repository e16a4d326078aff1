#pragma once

#include "commands.hpp"
#include "namespace.hpp"

// Commands of `shunt flip` that ask again and again, until they have seen enough or Ctrl-C. They return the
// process's exit code.
namespace shunt::app {

// A line for each change, until nothing is open in the queue.
[[nodiscard]] int watch_drain(const FlipOptions& options);

// The last entries, then each that comes.
[[nodiscard]] int follow_flip_log(const FlipOptions& options);

}  // namespace shunt::app

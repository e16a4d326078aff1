#pragma once

#include "namespace.hpp"

namespace shunt::app {

// Parses the command line, runs the command that it names and returns the process's exit code.
[[nodiscard]] int run_command_line(int argc, char** argv);

}  // namespace shunt::app

#pragma once

#include <string>

#include "command_table.hpp"
#include "namespace.hpp"

// Scripts that complete the command line, one for each shell. They know the commands and options, the values
// of those that have a list of them, and which values are files; they ask no service.
namespace shunt::app {

[[nodiscard]] std::string bash_completion(const Command& command);
[[nodiscard]] std::string zsh_completion(const Command& command);
[[nodiscard]] std::string fish_completion(const Command& command);
// The table itself: the manual page is made of it.
[[nodiscard]] std::string command_table_json(const Command& command);

}  // namespace shunt::app

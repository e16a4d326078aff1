#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command_table.hpp"
#include "namespace.hpp"

// What the scripts of all shells are made of.
namespace shunt::app {

// A command and the words that lead to it: "shunt config check".
struct CommandAt {
  std::string path;
  const Command* command;
};

// Itself and all commands below it, in the order of --help.
[[nodiscard]] std::vector<CommandAt> all_commands(const Command& command);
// "'shunt config' | 'shunt serve'": the words that lead on to another command, as a pattern of case; none is
// '' .
[[nodiscard]] std::string paths_pattern(const Command& command);
// "'shunt serve --config' | ..." for the names of an option.
[[nodiscard]] std::string option_pattern(std::string_view path, const CommandOption& option);
[[nodiscard]] bool takes_file(const CommandOption& option);
[[nodiscard]] std::string joined(const std::vector<std::string>& words, std::string_view separator);
// In single quotes, for bash and zsh.
[[nodiscard]] std::string shell_quoted(std::string_view text);

}  // namespace shunt::app

#include "completion_offers.hpp"

#include <utility>

namespace shunt::app {
namespace {

void collect(const Command& command, const std::string& path, std::vector<CommandAt>& found) {
  found.push_back({path, &command});
  for (const Command& below : command.commands) collect(below, path + ' ' + below.name, found);
}

}  // namespace

std::vector<CommandAt> all_commands(const Command& command) {
  std::vector<CommandAt> found;
  collect(command, command.name, found);
  return found;
}

std::string paths_pattern(const Command& command) {
  std::vector<std::string> paths;
  for (const auto& [path, below] : all_commands(command)) {
    if (below != &command) paths.push_back(shell_quoted(path));
  }
  return paths.empty() ? "''" : joined(paths, " | ");
}

std::string option_pattern(std::string_view path, const CommandOption& option) {
  std::vector<std::string> patterns;
  for (const std::string& name : option.names) {
    patterns.push_back(shell_quoted(std::string(path) + ' ' + name));
  }
  return joined(patterns, " | ");
}

bool takes_file(const CommandOption& option) {
  return option.value.find("FILE") != std::string::npos;
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char letter : text) {
    if (letter == '\'') {
      quoted += "'\\''";
    } else {
      quoted += letter;
    }
  }
  return quoted + '\'';
}

}  // namespace shunt::app

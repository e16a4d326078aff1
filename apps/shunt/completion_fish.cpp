#include <string>
#include <string_view>

#include "completion.hpp"
#include "completion_offers.hpp"

namespace shunt::app {
namespace {

// fish knows two escapes in single quotes.
std::string fish_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char letter : text) {
    if (letter == '\'' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return quoted + '\'';
}

std::string condition(const std::string& name, const std::string& path) {
  return "complete -c " + name + " -n " + fish_quoted("__" + name + "_at " + fish_quoted(path));
}

std::string option_line(const std::string& start, const CommandOption& option) {
  std::string line = start;
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (option.names.empty() && option.choices.empty()) return {};
  if (!option.choices.empty()) {
    line += (option.names.empty() ? " -a " : " -x -a ") + fish_quoted(joined(option.choices, " "));
  } else if (takes_file(option)) {
    line += " -r -F";
  } else if (!option.value.empty()) {
    line += " -x";
  }
  return line + " -d " + fish_quoted(option.help) + '\n';
}

}  // namespace

std::string fish_completion(const Command& command) {
  const std::string& name = command.name;
  std::string lines;
  std::string paths;
  for (const auto& [path, below] : all_commands(command)) {
    if (below != &command) paths += ' ' + fish_quoted(path);
    const std::string start = condition(name, path);
    for (const Command& next : below->commands) {
      lines += start + " -a " + fish_quoted(next.name) + " -d " + fish_quoted(next.help) + '\n';
    }
    for (const CommandOption& option : below->options) lines += option_line(start, option);
  }
  return "# Completes the command line of " + name + " in fish; made by `" + name + " completion fish`.\n" +
         "function __" + name +
         "_at\n"
         "    set -l at " +
         name +
         "\n"
         "    for word in (commandline -opc)[2..-1]\n"
         "        if contains -- \"$at $word\"" +
         paths +
         "\n"
         "            set at \"$at $word\"\n"
         "        end\n"
         "    end\n"
         "    test \"$at\" = \"$argv[1]\"\n"
         "end\n"
         "complete -c " +
         name + " -f\n" + lines;
}

}  // namespace shunt::app

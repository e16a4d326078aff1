#include <string>
#include <vector>

#include "completion.hpp"
#include "completion_offers.hpp"

namespace shunt::app {
namespace {

// What can follow the option `option`, when it wants a value.
std::string after_option(const std::string& path, const CommandOption& option) {
  if (option.names.empty() || option.value.empty()) return {};
  std::string reply = "return";
  if (!option.choices.empty()) {
    reply =
        "COMPREPLY=($(compgen -W " + shell_quoted(joined(option.choices, " ")) + " -- \"$current\")); return";
  } else if (takes_file(option)) {
    reply = "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$current\")); return";
  }
  return "    " + option_pattern(path, option) + ") " + reply + " ;;\n";
}

std::string words_of(const std::string& path, const Command& command) {
  std::vector<std::string> words;
  for (const Command& below : command.commands) words.push_back(below.name);
  for (const CommandOption& option : command.options) {
    words.insert(words.end(), option.names.begin(), option.names.end());
    if (option.names.empty()) words.insert(words.end(), option.choices.begin(), option.choices.end());
  }
  return "    " + shell_quoted(path) + ") words=" + shell_quoted(joined(words, " ")) + " ;;\n";
}

}  // namespace

std::string bash_completion(const Command& command) {
  std::string values;
  std::string words;
  for (const auto& [path, below] : all_commands(command)) {
    for (const CommandOption& option : below->options) values += after_option(path, option);
    words += words_of(path, *below);
  }
  const std::string function = "_" + command.name;
  return "# Completes the command line of " + command.name + " in bash; made by `" + command.name +
         " completion bash`.\n" + function +
         "() {\n"
         "  local at=" +
         command.name +
         " words='' current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} i\n"
         "  COMPREPLY=()\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case \"$at ${COMP_WORDS[i]}\" in\n"
         "    " +
         paths_pattern(command) +
         ") at+=\" ${COMP_WORDS[i]}\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$at $previous\" in\n" +
         values +
         "  esac\n"
         "  case \"$at\" in\n" +
         words +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -F " +
         function + ' ' + command.name + '\n';
}

}  // namespace shunt::app

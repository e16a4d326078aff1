#include <string>

#include "completion.hpp"
#include "completion_offers.hpp"

namespace shunt::app {
namespace {

std::string after_option(const std::string& path, const CommandOption& option) {
  if (option.names.empty() || option.value.empty()) return {};
  std::string reply = "_message " + shell_quoted(option.value);
  if (!option.choices.empty()) {
    reply = "compadd -- " + joined(option.choices, " ");
  } else if (takes_file(option)) {
    reply = "_files";
  }
  return "    (" + option_pattern(path, option) + ") " + reply + "; return ;;\n";
}

// An entry of _describe: the word, a colon, and what it is. A colon in the word would end it.
std::string offer(const std::string& word, const std::string& help) {
  return "      " + shell_quoted(word + ':' + help) + '\n';
}

std::string offers_of(const std::string& path, const Command& command) {
  std::string offers;
  for (const Command& below : command.commands) offers += offer(below.name, below.help);
  for (const CommandOption& option : command.options) {
    for (const std::string& name : option.names) offers += offer(name, option.help);
    if (!option.names.empty()) continue;
    for (const std::string& choice : option.choices) offers += offer(choice, option.help);
  }
  return "    (" + shell_quoted(path) + ") offers=(\n" + offers + "    ) ;;\n";
}

}  // namespace

std::string zsh_completion(const Command& command) {
  std::string values;
  std::string offers;
  for (const auto& [path, below] : all_commands(command)) {
    for (const CommandOption& option : below->options) values += after_option(path, option);
    offers += offers_of(path, *below);
  }
  const std::string& name = command.name;
  return "#compdef " + name + "\n# Completes the command line of " + name + " in zsh; made by `" + name +
         " completion zsh`.\n_" + name +
         "() {\n"
         "  local at=" +
         name +
         " word\n"
         "  local -a offers\n"
         "  for word in ${words[2,CURRENT-1]}; do\n"
         "    case \"$at $word\" in\n"
         "    (" +
         paths_pattern(command) +
         ") at+=\" $word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$at ${words[CURRENT-1]}\" in\n" +
         values +
         "  esac\n"
         "  case \"$at\" in\n" +
         offers +
         "  esac\n"
         "  _describe -o " +
         name +
         " offers\n"
         "}\n"
         "if [[ $funcstack[1] = _" +
         name + " ]]; then _" + name + " \"$@\"; else compdef _" + name + ' ' + name + "; fi\n";
}

}  // namespace shunt::app

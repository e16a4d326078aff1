#include "usage_error.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <vector>

#include "shunt/base/display_text.hpp"
#include "shunt/config/did_you_mean.hpp"

namespace shunt::app {
namespace {

// A word of a command line as an error quotes it.
std::string quoted(const std::string& word) {
  constexpr std::size_t kMostQuoted = 60;
  return '"' + displayable(std::string_view(word).substr(0, kMostQuoted)) + '"';
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list.append(list.empty() ? "" : ", ").append(word);
  return list;
}

// CLI11 says of a mistyped command that one is required, or that an argument was not expected.
std::string what_is_wrong(const CLI::App& app, const std::string& name, const CLI::ParseError& problem) {
  const std::vector<std::string> commands = commands_of(app);
  if (commands.empty() || !app.get_subcommands().empty()) return problem.what();
  for (const std::string& word : app.remaining()) {
    if (word.starts_with('-')) continue;
    return "there is no command " + quoted(word) + " of " + name + config::did_you_mean(word, commands);
  }
  return problem.get_name() == "RequiredError" ? "a command is required: " + joined(commands)
                                               : std::string(problem.what());
}

}  // namespace

std::string usage_error_text(const CLI::App& app, const CLI::ParseError& problem) {
  const CLI::App* command = &app;
  std::string name = "shunt";
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    name += ' ' + command->get_name();
  }
  return "shunt: " + what_is_wrong(*command, name, problem) + "\nTry: " + name + " --help\n";
}

}  // namespace shunt::app

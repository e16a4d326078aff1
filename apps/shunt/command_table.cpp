#include "command_table.hpp"

#include <CLI/App.hpp>
#include <string_view>
#include <utility>

namespace shunt::app {
namespace {

// CLI11 tells of a choice in the type: "STATE:{queued,running}", or "{wait->0,abort->2}" of what becomes
// another value.
std::vector<std::string> choices_in(std::string_view type) {
  const auto begin = type.find('{');
  const auto end = type.find('}');
  if (begin == std::string_view::npos || end == std::string_view::npos) return {};
  std::vector<std::string> choices;
  std::string_view left = type.substr(begin + 1, end - begin - 1);
  while (!left.empty()) {
    const auto comma = left.find(',');
    const std::string_view choice = left.substr(0, comma);
    choices.emplace_back(choice.substr(0, choice.find("->")));
    left = comma == std::string_view::npos ? std::string_view{} : left.substr(comma + 1);
  }
  return choices;
}

// The value without what is checked of it: "STATE" of "STATE:{queued,running}", "N" of "N:INT in [1 - 9]".
std::string value_in(std::string_view type) {
  const auto colon = type.find(':');
  const bool is_checked =
      colon != std::string_view::npos && type.find_first_of("{ ", colon) != std::string_view::npos;
  const std::string_view value = is_checked ? type.substr(0, colon) : type;
  return value == " " ? std::string() : std::string(value);
}

CommandOption describe(const CLI::Option& option) {
  CommandOption described;
  for (const std::string& name : option.get_lnames()) described.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) described.names.push_back("-" + name);
  described.help = option.get_description();
  if (option.get_positional()) {
    described.value = option.get_name(true);
  } else if (option.get_expected_max() > 0) {
    described.value = value_in(option.get_type_name());
  }
  described.choices = choices_in(option.get_type_name());
  return described;
}

}  // namespace

Command describe(const CLI::App& app) {
  Command described{app.get_name(), app.get_description(), app.get_footer(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) described.options.push_back(describe(*option));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    described.commands.push_back(describe(*command));
  }
  return described;
}

}  // namespace shunt::app

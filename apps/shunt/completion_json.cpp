#include <string>
#include <vector>

#include "completion.hpp"
#include "shunt/base/json.hpp"

namespace shunt::app {
namespace {

JsonArray array_of(const std::vector<std::string>& words) {
  JsonArray array;
  for (const std::string& word : words) array.emplace_back(word);
  return array;
}

JsonObject object_of(const Command& command) {
  JsonArray options;
  for (const CommandOption& option : command.options) {
    options.emplace_back(JsonObject{{"names", array_of(option.names)},
                                    {"value", option.value},
                                    {"choices", array_of(option.choices)},
                                    {"help", option.help}});
  }
  JsonArray commands;
  for (const Command& below : command.commands) commands.emplace_back(object_of(below));
  return {{"name", command.name},
          {"help", command.help},
          {"footer", command.footer},
          {"options", std::move(options)},
          {"commands", std::move(commands)}};
}

}  // namespace

std::string command_table_json(const Command& command) {
  return to_pretty_json(object_of(command)) + '\n';
}

}  // namespace shunt::app

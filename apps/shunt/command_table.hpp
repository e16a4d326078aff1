#pragma once

#include <string>
#include <vector>

#include "namespace.hpp"

namespace CLI {
class App;
}

namespace shunt::app {

struct CommandOption {
  // With their dashes, as they are typed; empty: an argument that has only its place.
  std::vector<std::string> names;
  // What it takes, as in FILE; empty: nothing.
  std::string value;
  // All that the value may be; empty: not known.
  std::vector<std::string> choices;
  std::string help;
};

// A command with its options and the commands in it: what --help tells, to make other things of.
struct Command {
  std::string name;
  std::string help;
  std::string footer;
  std::vector<CommandOption> options;
  std::vector<Command> commands;
};

[[nodiscard]] Command describe(const CLI::App& app);

}  // namespace shunt::app

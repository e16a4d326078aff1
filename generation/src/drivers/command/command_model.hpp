#pragma once

#include <string>
#include <vector>

#include "drivers/command/argv_template.hpp"
#include "shunt/generation/drivers/command.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// What all runs of one model share.
struct CommandModel {
  CommandOptions options;
  ArgvTemplate argv;
  std::string program;                   // argv[0], found in PATH
  std::vector<std::string> environment;  // "NAME=value"
  int landlock_abi = 0;
  FileSource* files = nullptr;  // where the files of callers are read; nullptr: nowhere
};

}  // namespace shunt::generation::command

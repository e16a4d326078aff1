#pragma once

#include <CLI/App.hpp>
#include <functional>

#include "commands.hpp"
#include "namespace.hpp"

namespace shunt::app {

// What the commands of `shunt flip` were given.
struct FlipCommandOptions {
  FlipSimulateOptions simulate;
  FlipOptions flip;
};

// Adds `shunt flip` with its commands; `run` becomes the one that was named. Both outlive the command line.
void add_flip(CLI::App& app, FlipCommandOptions& options, std::function<int()>& run);

}  // namespace shunt::app

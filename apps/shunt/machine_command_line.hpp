#pragma once

#include <CLI/App.hpp>
#include <functional>

#include "commands.hpp"
#include "namespace.hpp"

namespace shunt::app {

// What the commands that look at the machine were given.
struct MachineCommandOptions {
  InitOptions init;
  DoctorOptions doctor;
  HealthOptions health;
};

// Each adds a command; `run` becomes it if it was named. Both outlive the command line.
void add_init(CLI::App& app, MachineCommandOptions& options, std::function<int()>& run);
void add_doctor(CLI::App& app, MachineCommandOptions& options, std::function<int()>& run);
void add_health(CLI::App& app, MachineCommandOptions& options, std::function<int()>& run);

}  // namespace shunt::app

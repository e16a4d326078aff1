#pragma once

#include <CLI/App.hpp>
#include <CLI/Error.hpp>
#include <string>

#include "namespace.hpp"

namespace shunt::app {

// What is wrong with a command line that `app` did not take, and which help to read, a line each. A command
// that there is not is named, with the nearest one that there is.
[[nodiscard]] std::string usage_error_text(const CLI::App& app, const CLI::ParseError& problem);

}  // namespace shunt::app

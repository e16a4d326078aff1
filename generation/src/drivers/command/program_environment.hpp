#pragma once

#include <string>
#include <vector>

#include "shunt/generation/envelope.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// The variables that a program gets: the model's, its own folder for what it makes on the way, and with a
// trace context that one under the names that OpenTelemetry's tools read.
[[nodiscard]] std::vector<std::string> program_environment(const std::vector<std::string>& of_model,
                                                           const std::string& folder,
                                                           const GenerationRequest::Context& context = {});

}  // namespace shunt::generation::command

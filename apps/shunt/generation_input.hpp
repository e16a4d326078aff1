#pragma once

#include "commands.hpp"
#include "namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::app {

// The model's input from TEXT and --input. The error says what to type instead.
[[nodiscard]] Result<Json> build_input(const GenerateOptions& options, const Model& model);

}  // namespace shunt::app

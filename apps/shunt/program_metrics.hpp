#pragma once

#include <string>

#include "namespace.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::app {

// How the kept programs of the models stand; empty without any.
[[nodiscard]] std::string program_metrics_text(const ModelRegistry& models);

}  // namespace shunt::app

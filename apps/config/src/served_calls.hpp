#pragma once

#include <vector>

#include "setting.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/config/namespace.hpp"

namespace shunt::config {

// The calls that a model's table names. `settings` are bound to `configured`.
[[nodiscard]] ServedCalls served_calls(const ConfiguredCalls& configured,
                                       const std::vector<BoundSetting>& settings);

// Those of a model whose table names none: what its driver's server answers, or what can be done with a text.
[[nodiscard]] ServedCalls usual_calls(const ModelConfig& config);

}  // namespace shunt::config

#pragma once

#include <string>
#include <string_view>

#include "shunt/base/result.hpp"
#include "shunt/config/namespace.hpp"
#include "shunt/flip/plan.hpp"

namespace shunt::config {

// A rollout's plan from TOML text: the members that flip::parse_plan knows. `file` is what errors call it.
// The error
// (`invalid_configuration` or `invalid_plan`) names the line, the member, what came and what is allowed.
[[nodiscard]] Result<flip::Plan> read_plan(std::string_view text, const std::string& file);

// The same from a file.
[[nodiscard]] Result<flip::Plan> load_plan(const std::string& path);

}  // namespace shunt::config

#pragma once

#include <string>

#include "namespace.hpp"
#include "shunt/base/json.hpp"
#include "text_table.hpp"

// A model as a service describes it (GET /v1/models), for people. What is shown is made displayable.
namespace shunt::app {

[[nodiscard]] TextTable models_table();
[[nodiscard]] std::vector<TextTable::Cell> model_row(const JsonObject& model);

// A few lines, and a line a member of its input.
[[nodiscard]] std::string model_description(const JsonObject& model);

}  // namespace shunt::app

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "namespace.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/json.hpp"
#include "text_table.hpp"

namespace shunt::app {

// Records (docs/api.md) as people read them.

[[nodiscard]] Style style_of_state(std::string_view state);

// The columns of `shunt jobs ls`, and a record as a row of them.
[[nodiscard]] TextTable jobs_table();
[[nodiscard]] std::vector<TextTable::Cell> job_row(const JsonObject& record, WallTime now);

// Everything that a record tells, a line each, then its text.
[[nodiscard]] std::string job_description(const JsonObject& record, const Terminal& terminal, WallTime now);

}  // namespace shunt::app

#pragma once

#include <string>
#include <vector>

#include "namespace.hpp"
#include "terminal.hpp"

namespace shunt::app {

// A row of a page that says of one thing after the other how it is.
struct JudgedRow {
  std::string outcome;  // "pass"
  Style style = Style::kPlain;
  std::string name;
  std::string found;
  std::string advice{};  // below it; "" = none
};

// Outcomes and names in columns of their own, advice under what was found. On a terminal what is too long
// goes on below. Texts have to be displayable.
[[nodiscard]] std::string judged_rows_text(const std::vector<JudgedRow>& rows, const Terminal& terminal);

}  // namespace shunt::app

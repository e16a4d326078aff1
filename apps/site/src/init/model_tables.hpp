#pragma once

#include <string>

#include "shunt/site/namespace.hpp"
#include "shunt/site/proposal.hpp"

namespace shunt::site {

// The table of a model, with its comments and the tables of its input.
[[nodiscard]] std::string model_table(const ProposedModel& model);

// How a program that was found becomes a model.
[[nodiscard]] std::string waiting_comment(const FoundProgram& program);

}  // namespace shunt::site

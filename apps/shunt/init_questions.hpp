#pragma once

#include <optional>
#include <string>
#include <vector>

#include "namespace.hpp"
#include "shunt/site/proposal.hpp"

namespace shunt::app {

// What a person said to the four questions of `shunt init`.
struct InitAnswers {
  std::vector<site::ProposedModel> models;
  std::string listen;
  std::string redis_url;  // "" = none
  bool unit = false;
};

// Asks on the terminal. Nothing: standard input ended before the last answer.
[[nodiscard]] std::optional<InitAnswers> ask_init_questions(const std::vector<site::ProposedModel>& proposed,
                                                            const std::string& listen);

}  // namespace shunt::app

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
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

// "1,3", "2 1", "all", "": numbers from 1 to `count`, each once, in the order of the list. Nothing: something
// else stands there.
[[nodiscard]] std::optional<std::vector<std::size_t>> chosen_numbers(std::string_view text,
                                                                     std::size_t count);

}  // namespace shunt::app

#pragma once

#include <string>
#include <vector>

#include "namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/flip/simulation.hpp"
#include "terminal.hpp"

namespace shunt::app {

// A rehearsed rollout for people: what was supposed, a line for each change, and how it ended.
[[nodiscard]] std::string story_text(const flip::Plan& plan, const flip::Scenario& scenario,
                                     const flip::Story& story, const Terminal& terminal);
[[nodiscard]] JsonObject story_object(const flip::Plan& plan, const flip::Scenario& scenario,
                                      const flip::Story& story);

// How many of several rehearsals ended how, and when.
[[nodiscard]] std::string ends_text(const flip::Plan& plan, const flip::Scenario& scenario,
                                    const std::vector<flip::Story>& stories, const Terminal& terminal);
[[nodiscard]] JsonObject ends_object(const flip::Plan& plan, const flip::Scenario& scenario,
                                     const std::vector<flip::Story>& stories);

}  // namespace shunt::app

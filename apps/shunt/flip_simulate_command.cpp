#include <unistd.h>

#include <iostream>
#include <vector>

#include "commands.hpp"
#include "exit_code.hpp"
#include "flip_story.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/config/plan_file.hpp"
#include "terminal.hpp"

namespace shunt::app {

int flip_simulate(const FlipSimulateOptions& options) {
  Result<flip::Plan> plan = options.plan ? config::load_plan(*options.plan) : flip::default_plan();
  if (!plan) {
    complain(plan.error().message);
    return kExitConfiguration;
  }
  flip::Scenario scenario = options.scenario;
  std::vector<flip::Story> stories;
  for (std::size_t i = 0; i < options.runs; ++i) {
    stories.push_back(flip::simulate(*plan, scenario));
    ++scenario.seed;
    if (options.runs > 1) stories.back().entries = {};  // only their ends are told
  }
  const Terminal terminal(STDOUT_FILENO);
  const bool one = options.runs == 1;
  if (options.json) {
    const JsonObject object = one ? story_object(*plan, options.scenario, stories.front())
                                  : ends_object(*plan, options.scenario, stories);
    std::cout << displayable_json(to_json_text(object)) << '\n';
  } else if (one) {
    std::cout << story_text(*plan, options.scenario, stories.front(), terminal);
  } else {
    std::cout << ends_text(*plan, options.scenario, stories, terminal);
  }
  return kExitOk;
}

}  // namespace shunt::app

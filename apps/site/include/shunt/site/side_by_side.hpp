#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "shunt/site/finding.hpp"
#include "shunt/site/namespace.hpp"

namespace shunt::site {

// A look at one thing. It owns all that it needs: it may go on when nobody waits for it any more.
struct NamedLook {
  std::string name;
  std::function<std::vector<Finding>()> look;
};

struct SideBySide {
  std::vector<Finding> findings;  // in the order of the looks
  bool all_ended = true;          // false: threads still run, so that the process must end without them
};

// Runs the looks on threads of their own and waits for `within` at most. A look that has not ended by then,
// or that throws, is a problem of its name.
[[nodiscard]] SideBySide look_side_by_side(std::vector<NamedLook> looks, std::chrono::milliseconds within);

}  // namespace shunt::site

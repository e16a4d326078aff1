#pragma once

#include <string>
#include <vector>

#include "shunt/base/json.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/transition.hpp"

namespace shunt::flip {

// What the audit says of a change besides its record.
struct ChangeStory {
  std::string event;
  std::vector<std::string> overrides{};
  JsonObject verdict{};
};

// The command that leads back from a record to the one before it. Pure.
[[nodiscard]] std::string undo_of(const FlipRecord& before, const FlipRecord& after);

}  // namespace shunt::flip

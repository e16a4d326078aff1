#pragma once

#include <optional>
#include <string>

#include "shunt/flip/flip_control.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// What happens next to a fleet, for people. Pure. `tick`: the controller's last one, which counts only if it
// was of this record.
struct WhatNext {
  std::string text;
  std::optional<WallTime> not_before;
  std::string undo;  // the command that takes back what the fleet is in
};
[[nodiscard]] WhatNext what_next(const FlipRecord& record, const std::optional<TickReport>& tick,
                                 WallTime now);

}  // namespace shunt::flip

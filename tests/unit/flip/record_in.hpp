#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "shunt/flip/record.hpp"

namespace shunt::flip {

inline const WallTime kNow{std::chrono::milliseconds(1'763'912'587'042)};

// A record of epoch 7 and build "old" in that place, with the built-in plan.
inline FlipRecord record_in(FlipState state, std::size_t step = 0, std::optional<Resting> before = {}) {
  FlipRecord record = first_record(Strategy::kSync, "r1", kNow);
  record.epoch = 7;
  record.state = state;
  record.step = step;
  record.before = before;
  record.build = "old";
  return record;
}

}  // namespace shunt::flip

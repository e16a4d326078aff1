#include "fleet/record_changes.hpp"

namespace shunt::flip {

std::string undo_of(const FlipRecord& before, const FlipRecord& after) {
  using S = FlipState;
  switch (after.state) {
    case S::kOff:
    case S::kAborting:
    case S::kDraining:
      return is_forced(before.state)
                 ? "shunt flip force " + std::string(before.state == S::kForcedSync ? "sync" : "queue")
                 : "shunt flip start --override cool_down";
    case S::kForcedSync:
    case S::kForcedQueue:
      return "shunt flip release";
    case S::kHeld:
      return "shunt flip resume";
    case S::kCanary:
      if (before.state == S::kHeld && before.before == Resting{S::kCanary, after.step})
        return "shunt flip hold";
      if (is_lower(after, before)) return "shunt flip promote";
      return after.step > 0 ? "shunt flip back" : "shunt flip abort";
    case S::kDark:
    case S::kShadow:
      if (before.state == S::kHeld) return "shunt flip hold";
      return "shunt flip abort";
    case S::kFull:
      break;
  }
  return "shunt flip abort";
}

}  // namespace shunt::flip

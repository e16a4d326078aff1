#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "shunt/flip/figures.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/record.hpp"
#include "shunt/flip/transition.hpp"
#include "shunt/flip/verdict.hpp"

namespace shunt::flip {

// What the controller knows of the fleet besides figures.
struct FleetView {
  bool converged = false;         // every live process has acknowledged the record's epoch
  bool preflight_passed = false;  // as of this tick
  std::string build;              // of workers, models and protocol; "" while it is not known
  bool builds_mixed = false;      // a deploy is rolling: there is more than one
};

struct TickInput {
  const FlipRecord& record;
  StepProgress progress;   // of the tick before; of another epoch: a new beginning
  const Figures* figures;  // nullptr: they could not be read
  FleetView fleet;
  std::chrono::milliseconds since_last{0};  // tick: more than two of the plan's count as two
};

struct TickOutput {
  StepProgress progress;
  Verdict verdict;
  std::optional<FlipEvent> event;  // to be carried out by transition(); verdict.why is the reason
  std::string alert;               // for people, where nothing is moved: "" for none
};

// One tick of whoever holds the lease. Pure: `shunt flip simulate` runs the same function. At most one event;
// that it may not be stored, because another change came first, costs nothing but the tick.
[[nodiscard]] TickOutput control(const TickInput& input);

}  // namespace shunt::flip

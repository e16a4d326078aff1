#pragma once

#include <cstddef>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/flip/drain.hpp"
#include "shunt/flip/flip_control.hpp"
#include "shunt/flip/preflight.hpp"
#include "shunt/flip/shadow.hpp"

// What the routes below /admin/flip answer (docs/flip.md).
namespace shunt::api {

[[nodiscard]] JsonObject flip_status_object(const flip::FlipStatus& status);

// What the sync executors of the fleet can take against what comes: for whoever goes down.
[[nodiscard]] JsonObject sync_capacity_object(const flip::FleetFacts& fleet);

[[nodiscard]] JsonObject flip_change_object(const flip::FlipChange& change);

[[nodiscard]] JsonObject preflight_object(const std::vector<flip::Check>& checks);

[[nodiscard]] JsonObject drain_object(const flip::DrainFacts& facts, const flip::AcceptedLoss& accepted);

[[nodiscard]] JsonObject flip_log_object(const flip::FlipLogPage& page);

// The latest mismatches, at most `most`.
[[nodiscard]] JsonObject shadow_object(const flip::FleetShadow& fleet,
                                       const std::vector<flip::ShadowMismatch>& mismatches, std::size_t most);

[[nodiscard]] JsonObject chain_object(const flip::ChainReport& report);

}  // namespace shunt::api

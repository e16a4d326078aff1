#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// How far a fleet has come on its way from the sync executor to the queue.
enum class FlipState {
  kOff,          // no rollout; new work runs in sync
  kDark,         // queue and workers are up, only probes use them
  kShadow,       // callers get the sync answer, a sample of copies goes through the queue
  kCanary,       // the callers in the lowest buckets use the queue, as many as the step's weight says
  kFull,         // everybody uses the queue
  kHeld,         // as before it was held, and nothing moves up until a person has looked
  kAborting,     // new work is sync; not every process has said yet that it knows
  kDraining,     // every process knows; what is in the queue comes to its end
  kForcedSync,   // a person's word: everything sync, nothing moves
  kForcedQueue,  // a person's word: everything through the queue, nothing moves
};
inline constexpr std::size_t kFlipStates = 10;

// "off", "forced_sync": what records, documents and metrics call it.
[[nodiscard]] std::string_view state_name(FlipState state) noexcept;
[[nodiscard]] std::optional<FlipState> parse_state(std::string_view name) noexcept;

[[nodiscard]] constexpr bool is_forced(FlipState state) noexcept {
  return state == FlipState::kForcedSync || state == FlipState::kForcedQueue;
}

}  // namespace shunt::flip

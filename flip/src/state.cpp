#include "shunt/flip/state.hpp"

#include <array>

namespace shunt::flip {
namespace {

constexpr std::array<std::string_view, kFlipStates> kNames{
    "off", "dark", "shadow", "canary", "full", "held", "aborting", "draining", "forced_sync", "forced_queue"};

}  // namespace

std::string_view state_name(FlipState state) noexcept {
  return kNames[static_cast<std::size_t>(state)];
}

std::optional<FlipState> parse_state(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<FlipState>(i);
  }
  return std::nullopt;
}

}  // namespace shunt::flip

#include "shunt/flip/snapshot.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace shunt::flip {
namespace {

bool is_blind(const FlipRecord& record, const LocalView& local) noexcept {
  const FlipState acting = acting_state(record);
  if (acting != FlipState::kShadow && acting != FlipState::kCanary) return false;
  return local.store_unreadable_for >= record.plan.guards.store_unreadable ||
         local.breaker_open_for >= record.plan.guards.breaker_open;
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::ranges::sort(names);
  return names;
}

bool has(const std::vector<std::string>& names, std::string_view name) noexcept {
  return !name.empty() && std::ranges::binary_search(names, name, std::less<>());
}

}  // namespace

Snapshot::Snapshot(const FlipRecord& record, const LocalView& local)
    : epoch_(record.epoch),
      state_(acting_state(record)),
      weight_(weight_of(record)),
      salt_(record.salt),
      blind_(flip::is_blind(record, local)),
      max_in_flight_(record.plan.max_in_flight),
      allow_(sorted(record.plan.allow)),
      deny_(sorted(record.plan.deny)) {}

bool Snapshot::allows(std::string_view name) const noexcept {
  return has(allow_, name);
}
bool Snapshot::denies(std::string_view name) const noexcept {
  return has(deny_, name);
}

}  // namespace shunt::flip

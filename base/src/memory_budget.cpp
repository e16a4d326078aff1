#include "shunt/base/memory_budget.hpp"

#include <algorithm>

namespace shunt::base {
namespace {

struct ShareText {
  std::string_view name;
  std::size_t parts;  // of kParts
};

constexpr std::size_t kParts = 32;
// By MemoryShare.
constexpr std::array<ShareText, kMemoryShares> kShares = {{
    {"store", 8},
    {"open", 5},
    {"claims", 4},
    {"requests", 3},
    {"connections", 3},
    {"answers", 3},
    {"streams", 1},
    {"artifacts", 1},
    {"drivers", 3},
}};

constexpr std::size_t all_parts() {
  std::size_t sum = 0;
  for (const ShareText& share : kShares) sum += share.parts;
  return sum;
}
static_assert(all_parts() < kParts, "what the allocator adds needs a part too");

}  // namespace

std::string_view to_string(MemoryShare share) noexcept {
  return kShares[static_cast<std::size_t>(share)].name;
}

MemoryBudget::MemoryBudget(std::size_t limit, std::size_t store) : limit_(limit) {
  const std::size_t parts_of_store = kShares[static_cast<std::size_t>(MemoryShare::kStore)].parts;
  if (store == 0) store = limit / kParts * parts_of_store;
  store = std::min(store, limit / 4 * 3);
  const std::size_t rest = (limit - store) / (kParts - parts_of_store);
  for (std::size_t i = 0; i < kMemoryShares; ++i) shares_[i].capacity = rest * kShares[i].parts;
  of(MemoryShare::kStore).capacity = store;
}

MemoryBudget& MemoryBudget::unlimited() {
  // More than any machine has, and a number that JSON can carry.
  static MemoryBudget budget(std::size_t{1} << 50U);
  return budget;
}

bool MemoryBudget::try_take(MemoryShare share, std::size_t bytes) noexcept {
  Share& from = of(share);
  // Two that come together may both be refused where one would have fitted: that harms nobody.
  const std::size_t before = from.used.fetch_add(bytes, std::memory_order_relaxed);
  if (before <= from.capacity && bytes <= from.capacity - before) return true;
  from.used.fetch_sub(bytes, std::memory_order_relaxed);
  from.refused.fetch_add(1, std::memory_order_relaxed);
  return false;
}

}  // namespace shunt::base

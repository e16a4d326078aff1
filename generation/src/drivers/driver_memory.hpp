#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "shunt/base/memory_budget.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// What a driver holds of a program's or an upstream's output before it is a generation's, counted in
// MemoryShare::kDrivers. The share is given back when the object goes. One thread; the budget outlives it.
class DriverMemory {
 public:
  explicit DriverMemory(MemoryBudget& budget) noexcept : reserved_(budget, MemoryShare::kDrivers) {}

  // `bytes` are held from now on, all together. False, and as many as before are held, when the share has no
  // room for them.
  [[nodiscard]] bool hold(std::size_t bytes) noexcept;
  // Appends to `text`, and holds what its memory becomes beside `others`. False, and nothing is appended,
  // when the share has no room for it. A long text grows by a quarter: if it doubled, half of the share would
  // be memory that nothing lies in.
  [[nodiscard]] bool append(std::string& text, std::string_view more, std::size_t others = 0);
  void release() noexcept { reserved_.release(); }

  [[nodiscard]] std::size_t held() const noexcept { return reserved_.bytes(); }

 private:
  MemoryReservation reserved_;
};

// What a generation fails with when its driver's memory does not fit: `overloaded`, retryable.
[[nodiscard]] Error driver_overload();

}  // namespace shunt::generation

#pragma once

#include <string>

#include "namespace.hpp"
#include "shunt/base/memory_budget.hpp"

namespace shunt::app {

// The limit, and what each share of it holds and has refused. Prometheus text format.
[[nodiscard]] std::string memory_metrics_text(const MemoryBudget& memory);

// From here on what is freed goes back to the system: without it the allocator keeps what large answers and
// requests have once needed, in an arena for each thread, and the limit would bound only what is in use.
// Before the first thread starts.
void give_memory_back_to_the_system();

}  // namespace shunt::app

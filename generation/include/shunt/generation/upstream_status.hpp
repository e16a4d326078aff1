#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// How one of the servers of a model stands in this process, for metrics and people.
struct UpstreamStatus {
  std::string name{};
  std::string_view state{};  // "closed", "open", "half_open" or "resting"
  std::size_t weight = 0;
  std::size_t running = 0;  // attempts under way
  // Attempts by their ends, since the process began.
  std::uint64_t good = 0;
  std::uint64_t bad = 0;
  std::uint64_t refused = 0;  // 429, or it loads its model
  std::uint64_t opened = 0;   // how often its breaker has opened
};

}  // namespace shunt::generation

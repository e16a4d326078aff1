#pragma once

#include <cstdlib>
#include <string_view>

#include "support/namespace.hpp"

namespace shunt::testing {

// Suites run with the fast path and, with BULLMQ_FAST_PATH=off, without it (./test --fast-path off).
[[nodiscard]] inline bool fast_path_under_test() {
  const char* const value = std::getenv("BULLMQ_FAST_PATH");
  return value == nullptr || std::string_view(value) != "off";
}

}  // namespace shunt::testing

#pragma once

#include <string>
#include <string_view>

#include "shunt/base/random.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// A name that no other process has: "<kind>-" and 128 random bits.
[[nodiscard]] inline std::string make_process_name(std::string_view kind) {
  return std::string(kind) + '-' + random_name();
}

}  // namespace shunt::executor

#pragma once

#include <string_view>

#include "shunt/executor/generation_executor.hpp"

namespace shunt::api {

[[nodiscard]] constexpr std::string_view health_name(executor::Health health) noexcept {
  switch (health) {
    case executor::Health::kReady:
      return "ready";
    case executor::Health::kDegraded:
      return "degraded";
    case executor::Health::kDraining:
      return "draining";
  }
  return "unknown";
}

}  // namespace shunt::api

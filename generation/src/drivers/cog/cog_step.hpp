#pragma once

#include <string>
#include <string_view>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation::cog {

// What GET /health-check says of a container.
enum class CogHealth { kStarting, kReady, kBusy, kSetupFailed, kDefunct, kUnhealthy, kUnknown };

struct HealthReport {
  CogHealth health = CogHealth::kUnknown;
  std::string why{};  // the end of what the setup printed, or the health check's own error
};
// Never fails: what cannot be read is kUnknown.
[[nodiscard]] HealthReport read_health(std::string_view body);

// What the driver does next. Pure.
enum class CogStep {
  kReadAnswer,
  kAskWithoutStream,  // the model does not stream
  kAskHealth,         // it says that it cannot yet, and the health check says why
  kWaitForSetup,
  kWaitForSlot,
  kFail,
};
// After the status of an answer to a prediction's request.
[[nodiscard]] CogStep step_after_status(int status) noexcept;
// After the health check that followed a 503.
[[nodiscard]] CogStep step_after_health(CogHealth health) noexcept;

}  // namespace shunt::generation::cog

#include "drivers/cog/cog_step.hpp"

#include <utility>

#include "shunt/base/json.hpp"
#include "shunt/base/json_members.hpp"

namespace shunt::generation::cog {
namespace {

constexpr std::pair<std::string_view, CogHealth> kNames[] = {
    {"STARTING", CogHealth::kStarting}, {"READY", CogHealth::kReady},
    {"BUSY", CogHealth::kBusy},         {"SETUP_FAILED", CogHealth::kSetupFailed},
    {"DEFUNCT", CogHealth::kDefunct},   {"UNHEALTHY", CogHealth::kUnhealthy}};

// A traceback says what it has to say at its end.
constexpr std::size_t kLastBytes = 1024;

std::string end_of(std::string_view text) {
  if (text.size() > kLastBytes) text.remove_prefix(text.size() - kLastBytes);
  return to_valid_utf8(text);
}

}  // namespace

HealthReport read_health(std::string_view body) {
  const auto document = parse_json(body);
  if (!document || !document->is_object()) return {};
  const JsonObject& report = document->get_object();
  HealthReport read;
  for (const auto& [name, health] : kNames) {
    if (text_in(report, "status") == name) read.health = health;
  }
  if (const JsonObject* setup = find_object(report, "setup")) read.why = end_of(text_in(*setup, "logs"));
  if (const auto error = text_in(report, "user_healthcheck_error"); !error.empty()) read.why = end_of(error);
  return read;
}

CogStep step_after_status(int status) noexcept {
  switch (status) {
    case 200:
    case 201:
      return CogStep::kReadAnswer;
    case 202:  // the same prediction runs already, for an attempt of which nothing came back
    case 409:
      return CogStep::kWaitForSlot;
    case 406:
      return CogStep::kAskWithoutStream;
    case 503:
      return CogStep::kAskHealth;
    default:
      return CogStep::kFail;
  }
}

CogStep step_after_health(CogHealth health) noexcept {
  switch (health) {
    case CogHealth::kStarting:
    case CogHealth::kReady:  // it has become so since
      return CogStep::kWaitForSetup;
    case CogHealth::kBusy:
      return CogStep::kWaitForSlot;
    case CogHealth::kSetupFailed:
    case CogHealth::kDefunct:
    case CogHealth::kUnhealthy:
    case CogHealth::kUnknown:
      break;
  }
  return CogStep::kFail;
}

}  // namespace shunt::generation::cog

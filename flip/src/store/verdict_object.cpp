#include "store/verdict_object.hpp"

#include <array>

#include "shunt/flip/flip_control.hpp"
#include "store/loose_members.hpp"

namespace shunt::flip {
namespace {

JsonObject side_object(const SideNumbers& side) {
  JsonObject object;
  object["jobs"] = side.jobs;
  object["errors"] = side.errors;
  object["p50_ms"] = side.p50_ms;
  object["p95_ms"] = side.p95_ms;
  object["slow"] = side.slow;
  return object;
}

SideNumbers side_in(const JsonObject& verdict, std::string_view name) {
  SideNumbers side;
  const JsonObject* const object = object_in(verdict, name);
  if (object == nullptr) return side;
  side.jobs = count_in(*object, "jobs");
  side.errors = count_in(*object, "errors");
  side.p50_ms = number_in(*object, "p50_ms");
  side.p95_ms = number_in(*object, "p95_ms");
  side.slow = count_in(*object, "slow");
  return side;
}

constexpr std::array kOutcomes{Outcome::kHardGuard,    Outcome::kFailed,   Outcome::kNoData,
                               Outcome::kInconclusive, Outcome::kTooSmall, Outcome::kGoing,
                               Outcome::kPassed};

}  // namespace

JsonObject verdict_object(const Verdict& verdict) {
  JsonObject object;
  object["outcome"] = outcome_name(verdict.outcome);
  object["why"] = verdict.why;
  object["canary"] = side_object(verdict.canary);
  object["control"] = side_object(verdict.control);
  object["z_errors"] = verdict.z_errors;
  object["z_latency"] = verdict.z_latency;
  if (verdict.rise_errors) object["rise_errors"] = *verdict.rise_errors;
  if (verdict.threshold_ms) object["threshold_ms"] = *verdict.threshold_ms;
  return object;
}

Verdict verdict_in(const JsonObject& object) {
  Verdict verdict;
  const std::string outcome = text_in(object, "outcome", 64);
  for (const Outcome known : kOutcomes) {
    if (outcome == outcome_name(known)) verdict.outcome = known;
  }
  verdict.why = text_in(object, "why", kMaxWhyBytes);
  verdict.canary = side_in(object, "canary");
  verdict.control = side_in(object, "control");
  verdict.z_errors = number_in(object, "z_errors");
  verdict.z_latency = number_in(object, "z_latency");
  if (object.contains("rise_errors")) verdict.rise_errors = number_in(object, "rise_errors");
  if (object.contains("threshold_ms")) verdict.threshold_ms = number_in(object, "threshold_ms");
  return verdict;
}

}  // namespace shunt::flip

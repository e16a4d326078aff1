#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "shunt/flip/bucket.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/snapshot.hpp"

namespace shunt::flip {

enum class ExecutorKind { kSync, kQueue };
inline constexpr std::size_t kExecutors = 2;
[[nodiscard]] std::string_view executor_name(ExecutorKind kind) noexcept;  // "sync", "queue"

// Why a request runs where it runs.
enum class Reason {
  kForced,           // a person forced the fleet
  kOverride,         // the caller asked for it, and may
  kModelRule,        // the model's configuration says so
  kDenied,           // the caller is on the plan's list of those who stay in sync
  kAllowed,          // the caller is on the plan's list of those who go first
  kSplit,            // the caller's bucket
  kSplitNotSticky,   // the bucket of a draw: there was nothing that stays
  kState,            // the state sends everybody the same way
  kCanaryFull,       // of the canary, but it has max_in_flight generations open in this process
  kStoreUnreadable,  // of the canary, but the rollout is not watched
  kFallbackBreaker,  // of the queue, but the breaker, or the state of the queue, forbids it
  kFallbackBroker,   // of the queue, but that refused it
};
inline constexpr std::size_t kReasons = 12;
// "split": of the envelope's admission, metrics and logs.
[[nodiscard]] std::string_view reason_name(Reason reason) noexcept;
[[nodiscard]] std::optional<Reason> parse_reason(std::string_view name) noexcept;
// Those that a decision for this executor can have.
[[nodiscard]] std::span<const Reason> reasons_of(ExecutorKind executor) noexcept;
// OpenFeature's reason as OpenTelemetry writes it, for the span attribute feature_flag.result.reason:
// "split". The fallbacks have their own.
[[nodiscard]] std::string_view feature_flag_reason(Reason reason) noexcept;

enum class ModelRule { kNone, kSync, kQueue };

// Who asks. The views outlive the call.
struct Asker {
  std::string_view tenant;
  std::string_view caller;  // as authentication named them
  std::string_view idempotency_key;
  // Told apart from every other request, for those of which nothing above is known: an id that is drawn for
  // the decision.
  std::string_view draw;
};

struct DecisionInput {
  Asker asker;
  ModelRule rule = ModelRule::kNone;
  std::optional<ExecutorKind> override_to;  // of a caller who may: whether they may is checked before
  std::uint64_t canary_in_flight = 0;       // in this process
};

// Taken once for each request, at admission, and stored with the generation.
struct Decision {
  ExecutorKind executor = ExecutorKind::kSync;
  Reason reason = Reason::kState;
  std::uint64_t epoch = 0;
  std::optional<std::uint32_t> bucket;  // where the bucket was looked at
  Side side = Side::kNone;              // whose figures it counts in
  std::string salt;                     // of the bucket
  [[nodiscard]] bool operator==(const Decision&) const = default;
};

// Which executor, and why. Pure, and below 2 microseconds (bench/flip). Precedence: forced state, override,
// rule of the model, deny and allow lists, bucket, state. Where a fleet is off or on its way down nothing is
// sent to the queue, whoever asks; overrides to it work from dark on, rules and lists from the canary on.
[[nodiscard]] Decision decide(const Snapshot& snapshot, const DecisionInput& input);

}  // namespace shunt::flip

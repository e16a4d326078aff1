#pragma once

#include "shunt/base/error_code.hpp"
#include "shunt/generation/namespace.hpp"

// The stable codes of failed and refused generations. HTTP statuses for them: api's problem.cpp;
// meanings for users: docs/errors.md (a test compares the two lists).
namespace shunt::generation::error_code {

// Refusals: no generation exists.
inline constexpr ErrorCode kInvalidRequest = "invalid_request";
inline constexpr ErrorCode kUnknownModel = "unknown_model";
inline constexpr ErrorCode kModelBusy = "model_busy";
inline constexpr ErrorCode kTooManyConcurrent = "too_many_concurrent";
inline constexpr ErrorCode kStoreFull = "store_full";
inline constexpr ErrorCode kClaimsFull = "claims_full";
inline constexpr ErrorCode kOverloaded = "overloaded";  // also a failure, of what outgrew the memory
inline constexpr ErrorCode kShuttingDown = "shutting_down";
inline constexpr ErrorCode kIdempotencyConflict = "idempotency_conflict";
inline constexpr ErrorCode kUnsupportedEnvelope = "unsupported_envelope";
inline constexpr ErrorCode kQueueUnavailable = "queue_unavailable";
inline constexpr ErrorCode kNoWorker = "no_worker";

// Look-ups.
inline constexpr ErrorCode kGenerationUnknown = "generation_unknown";
inline constexpr ErrorCode kGenerationGone = "generation_gone";
inline constexpr ErrorCode kArtifactUnknown = "artifact_unknown";
inline constexpr ErrorCode kArtifactGone = "artifact_gone";
inline constexpr ErrorCode kArtifactStoreFailed = "artifact_store_failed";
inline constexpr ErrorCode kBrokenRecord = "broken_record";

// Failures: the generation's terminal state is `failed`.
inline constexpr ErrorCode kInvalidInput = "invalid_input";
inline constexpr ErrorCode kDeadlineExceeded = "deadline_exceeded";
inline constexpr ErrorCode kOutputTooLarge = "output_too_large";
inline constexpr ErrorCode kInvalidOutput = "invalid_output";
inline constexpr ErrorCode kGeneratorFailed = "generator_failed";
inline constexpr ErrorCode kGeneratorVanished = "generator_vanished";
inline constexpr ErrorCode kProgramNotStarted = "program_not_started";
inline constexpr ErrorCode kProgramExited = "program_exited";
inline constexpr ErrorCode kProgramKilled = "program_killed";
inline constexpr ErrorCode kProgramLimit = "program_limit";
inline constexpr ErrorCode kUpstreamUnreachable = "upstream_unreachable";
inline constexpr ErrorCode kUpstreamTimeout = "upstream_timeout";
inline constexpr ErrorCode kUpstreamRejected = "upstream_rejected";
inline constexpr ErrorCode kUpstreamRateLimited = "upstream_rate_limited";
inline constexpr ErrorCode kUpstreamFailed = "upstream_failed";
inline constexpr ErrorCode kUpstreamBroken = "upstream_broken";
inline constexpr ErrorCode kWorkerLost = "worker_lost";
inline constexpr ErrorCode kInterrupted = "interrupted";
inline constexpr ErrorCode kSimulatedFailure = "simulated_failure";

}  // namespace shunt::generation::error_code

#pragma once

#include <string_view>

// The stable codes of failed and refused generations. HTTP statuses for them: api's problem.cpp;
// meanings for users: docs/errors.md (a test compares the two lists).
namespace shunt::error_code {

// Refusals: no generation exists.
inline constexpr std::string_view kInvalidRequest = "invalid_request";
inline constexpr std::string_view kUnknownModel = "unknown_model";
inline constexpr std::string_view kModelBusy = "model_busy";
inline constexpr std::string_view kTooManyConcurrent = "too_many_concurrent";
inline constexpr std::string_view kStoreFull = "store_full";
inline constexpr std::string_view kClaimsFull = "claims_full";
inline constexpr std::string_view kOverloaded = "overloaded";  // also a failure, of what outgrew the memory
inline constexpr std::string_view kShuttingDown = "shutting_down";
inline constexpr std::string_view kIdempotencyConflict = "idempotency_conflict";
inline constexpr std::string_view kUnsupportedEnvelope = "unsupported_envelope";
inline constexpr std::string_view kQueueUnavailable = "queue_unavailable";
inline constexpr std::string_view kNoWorker = "no_worker";

// Look-ups.
inline constexpr std::string_view kGenerationUnknown = "generation_unknown";
inline constexpr std::string_view kGenerationGone = "generation_gone";
inline constexpr std::string_view kArtifactUnknown = "artifact_unknown";
inline constexpr std::string_view kArtifactGone = "artifact_gone";
inline constexpr std::string_view kArtifactStoreFailed = "artifact_store_failed";
inline constexpr std::string_view kBrokenRecord = "broken_record";

// Failures: the generation's terminal state is `failed`.
inline constexpr std::string_view kInvalidInput = "invalid_input";
inline constexpr std::string_view kDeadlineExceeded = "deadline_exceeded";
inline constexpr std::string_view kOutputTooLarge = "output_too_large";
inline constexpr std::string_view kInvalidOutput = "invalid_output";
inline constexpr std::string_view kGeneratorFailed = "generator_failed";
inline constexpr std::string_view kGeneratorVanished = "generator_vanished";
inline constexpr std::string_view kProgramNotStarted = "program_not_started";
inline constexpr std::string_view kProgramExited = "program_exited";
inline constexpr std::string_view kProgramKilled = "program_killed";
inline constexpr std::string_view kProgramLimit = "program_limit";
inline constexpr std::string_view kUpstreamUnreachable = "upstream_unreachable";
inline constexpr std::string_view kUpstreamTimeout = "upstream_timeout";
inline constexpr std::string_view kUpstreamRejected = "upstream_rejected";
inline constexpr std::string_view kUpstreamRateLimited = "upstream_rate_limited";
inline constexpr std::string_view kUpstreamFailed = "upstream_failed";
inline constexpr std::string_view kUpstreamBroken = "upstream_broken";
inline constexpr std::string_view kWorkerLost = "worker_lost";
inline constexpr std::string_view kSimulatedFailure = "simulated_failure";

}  // namespace shunt::error_code

#include "shunt/generation/known_error_code.hpp"

#include <algorithm>
#include <array>

#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::generation {
namespace {

constexpr auto kKnown = std::to_array<std::string_view>({
    error_code::kInvalidRequest,
    error_code::kUnknownModel,
    error_code::kModelBusy,
    error_code::kStoreFull,
    error_code::kShuttingDown,
    error_code::kIdempotencyConflict,
    error_code::kUnsupportedEnvelope,
    error_code::kQueueUnavailable,
    error_code::kNoWorker,
    error_code::kTooManyConcurrent,
    error_code::kClaimsFull,
    error_code::kOverloaded,
    error_code::kGenerationUnknown,
    error_code::kGenerationGone,
    error_code::kArtifactUnknown,
    error_code::kArtifactGone,
    error_code::kArtifactStoreFailed,
    error_code::kBrokenRecord,
    error_code::kFileUnknown,
    error_code::kFileGone,
    error_code::kFileStoreFailed,
    error_code::kFileQuotaExceeded,
    error_code::kStorageFull,
    error_code::kInvalidInput,
    error_code::kDeadlineExceeded,
    error_code::kOutputTooLarge,
    error_code::kInvalidOutput,
    error_code::kGeneratorFailed,
    error_code::kGeneratorVanished,
    error_code::kProgramNotStarted,
    error_code::kProgramExited,
    error_code::kProgramKilled,
    error_code::kProgramLimit,
    error_code::kUpstreamUnreachable,
    error_code::kUpstreamTimeout,
    error_code::kUpstreamRejected,
    error_code::kUpstreamRateLimited,
    error_code::kUpstreamFailed,
    error_code::kUpstreamBroken,
    error_code::kWorkerLost,
    error_code::kInterrupted,
    error_code::kSimulatedFailure,
    "invalid_json",
    "json_too_deep",
    "invalid_utf8",
    "number_out_of_range",
    "duplicate_key",
});

}  // namespace

bool is_known_error_code(std::string_view code) noexcept {
  return std::ranges::find(kKnown, code) != kKnown.end();
}

}  // namespace shunt::generation

#include "shunt/generation/errors.hpp"

#include <utility>

#include "shunt/base/display_text.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/on_lost.hpp"

namespace shunt::generation {

Error unknown_model(std::string_view name, JsonArray known) {
  Error error = invalid_field("/model", "there is no model \"" + to_valid_utf8(excerpt(name)) + '"',
                              error_code::kUnknownModel);
  return std::move(error).with("known", std::move(known));
}

Error deadline_exceeded(std::chrono::milliseconds timeout, bool started) {
  Error error{error_code::kDeadlineExceeded,
              "the generation did not end within its timeout of " + std::to_string(timeout.count()) + " ms" +
                  (started ? "" : "; it was still waiting for a free slot of its model or for a worker"),
              Retryable::kYes};
  return std::move(error).with("timeout_ms", timeout.count()).with("started", started);
}

Error not_run_again(Error error) {
  error.retryable = Retryable::kNo;
  return std::move(error).with("on_lost", std::string(on_lost_name(OnLost::kFail)));
}

Error shutting_down() {
  return {error_code::kShuttingDown, "the service is shutting down and takes no new work", Retryable::kYes};
}

Error queue_unavailable(std::string why) {
  return {error_code::kQueueUnavailable, std::move(why), Retryable::kYes};
}

Error artifact_expired() {
  return {error_code::kArtifactGone, "the artifact has expired: its bytes are not stored any more"};
}

Error artifact_name_impossible() {
  return {error_code::kArtifactGone, "an artifact is named by the SHA-256 of its bytes"};
}

}  // namespace shunt::generation

#pragma once

#include <chrono>

#include "drivers/openai/retry_policy.hpp"
#include "drivers/openai/upstream_breaker.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// Whether a generation may be run again when it is not known whether it has run: the model's choice.
enum class Rerun { kAllowed, kForbidden };

// Whether the server cannot have begun the work: it was not reached, does not have the whole request, refused
// it by 429, or loads its model.
[[nodiscard]] bool cannot_have_begun(const FailedAttempt& attempt) noexcept;

// Whether another server may be asked at once. Precondition: the caller has nothing of the answer. A fault of
// the request itself, which every server would find, is no reason.
[[nodiscard]] bool may_fail_over(Rerun rerun, const FailedAttempt& attempt) noexcept;

// Whether the same request may be sent once more, to whichever server, after a wait that next_retry knows.
[[nodiscard]] bool may_send_again(Rerun rerun, const FailedAttempt& attempt) noexcept;

// What the failure says of the server.
[[nodiscard]] UpstreamHealth health_of(const FailedAttempt& attempt) noexcept;

// For how long a server that answered 429, or loads its model, is spared: what it asks for, at most a minute.
[[nodiscard]] std::chrono::milliseconds rest_of(const FailedAttempt& attempt, WallTime now);

}  // namespace shunt::generation::openai

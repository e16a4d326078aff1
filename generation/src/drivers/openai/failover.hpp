#pragma once

#include <chrono>

#include "drivers/openai/retry_policy.hpp"
#include "drivers/openai/upstream_breaker.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/generation/on_lost.hpp"

namespace shunt::generation::openai {

// Whether another server may be asked at once. Precondition: the caller has nothing of the answer. A fault of
// the request itself, which every server would find, is no reason.
[[nodiscard]] bool may_fail_over(OnLost on_lost, const FailedAttempt& attempt) noexcept;

// What the failure says of the server.
[[nodiscard]] UpstreamHealth health_of(const FailedAttempt& attempt) noexcept;

// For how long a server that answered 429, or loads its model, is spared: what it asks for, at most a minute.
[[nodiscard]] std::chrono::milliseconds rest_of(const FailedAttempt& attempt, WallTime now);

}  // namespace shunt::generation::openai

#pragma once

#include <string>

#include "bullmq/awaitable.hpp"
#include "bullmq/redis.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// Whether there is a job of a copy in Redis, or a copy that has not ended. `base`: of the shadow's
// generations
// ("<prefix>::gen:"). Throws bullmq::Error. The connection's thread.
[[nodiscard]] bullmq::awaitable<bool> has_copies(bullmq::Redis redis, std::string base);

}  // namespace shunt::flip

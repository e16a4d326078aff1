#pragma once

#include <string>
#include <vector>

#include "bullmq/redis_reply.hpp"
#include "shunt/base/result.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// What fleet.lua answers, for these models in this order. Fails with `queue_unavailable` for an answer of
// another shape. Pure.
[[nodiscard]] Result<Fleet> decode_fleet(const bullmq::RedisReply& reply,
                                         const std::vector<std::string>& models, WallTime now);

// What health_probe.lua answers, for these models in this order. Fails with `queue_unavailable` for an answer
// of another shape; a figure that is none is 0. Pure.
[[nodiscard]] Result<std::vector<ModelDescription>> decode_health_probe(
    const bullmq::RedisReply& reply, const std::vector<std::string>& models, WallTime now);

}  // namespace shunt::executor

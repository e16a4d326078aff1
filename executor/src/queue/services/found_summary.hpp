#pragma once

#include "queue/records/stored_generation.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// What a summary found, with its end applied; nullptr where it has gone meanwhile, or is broken, which is
// told: it is nobody else's trouble. Throws bullmq::RedisError where there is no memory for it now.
[[nodiscard]] StoredGeneration* take_found(QueueContext& context, Summary& summary);

}  // namespace shunt::executor

#pragma once

#include "bullmq/redis.hpp"
#include "shunt/flip/namespace.hpp"

// The flip's Lua scripts (flip/lua, embedded while configuring); each file's head says what it takes and
// answers.
namespace shunt::flip::scripts {

[[nodiscard]] const bullmq::RedisScript& follow();
[[nodiscard]] const bullmq::RedisScript& unfollow();
[[nodiscard]] const bullmq::RedisScript& change();
[[nodiscard]] const bullmq::RedisScript& count();
[[nodiscard]] const bullmq::RedisScript& look();
[[nodiscard]] const bullmq::RedisScript& report();

}  // namespace shunt::flip::scripts

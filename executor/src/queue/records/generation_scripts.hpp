#pragma once

#include "bullmq/redis.hpp"
#include "shunt/executor/namespace.hpp"

// Shunt's own Lua scripts (executor/lua, embedded while configuring); each file's head says what it takes and
// answers.
namespace shunt::executor::scripts {

[[nodiscard]] const bullmq::RedisScript& admit();
[[nodiscard]] const bullmq::RedisScript& undo_admission();
[[nodiscard]] const bullmq::RedisScript& begin();
[[nodiscard]] const bullmq::RedisScript& append();
[[nodiscard]] const bullmq::RedisScript& cancel();
[[nodiscard]] const bullmq::RedisScript& read();
[[nodiscard]] const bullmq::RedisScript& unwatch();
[[nodiscard]] const bullmq::RedisScript& look_at_jobs();
[[nodiscard]] const bullmq::RedisScript& list();
[[nodiscard]] const bullmq::RedisScript& health_probe();
[[nodiscard]] const bullmq::RedisScript& fleet();
[[nodiscard]] const bullmq::RedisScript& request();
[[nodiscard]] const bullmq::RedisScript& keep_request();
[[nodiscard]] const bullmq::RedisScript& delete_ended();
[[nodiscard]] const bullmq::RedisScript& adopt();
[[nodiscard]] const bullmq::RedisScript& summary();
[[nodiscard]] const bullmq::RedisScript& trim();
[[nodiscard]] const bullmq::RedisScript& strays();
[[nodiscard]] const bullmq::RedisScript& reserve();
[[nodiscard]] const bullmq::RedisScript& release();
[[nodiscard]] const bullmq::RedisScript& discard();
[[nodiscard]] const bullmq::RedisScript& was_of();
[[nodiscard]] const bullmq::RedisScript& report_reading();
[[nodiscard]] const bullmq::RedisScript& register_sync();
[[nodiscard]] const bullmq::RedisScript& unregister();
[[nodiscard]] const bullmq::RedisScript& ask_owner();
[[nodiscard]] const bullmq::RedisScript& answer_asker();
[[nodiscard]] const bullmq::RedisScript& owners();
[[nodiscard]] const bullmq::RedisScript& dismiss_owner();
[[nodiscard]] const bullmq::RedisScript& renew_worker();
[[nodiscard]] const bullmq::RedisScript& kept_results();
[[nodiscard]] const bullmq::RedisScript& kept_keys();

}  // namespace shunt::executor::scripts

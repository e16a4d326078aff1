#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bullmq/redis.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// What a server tells of itself in INFO, which it tells where CONFIG is forbidden too. "" = it does not say.
struct ServerFacts {
  std::string version;
  std::string eviction_policy;  // maxmemory_policy
};

// Pure; any text will do.
[[nodiscard]] ServerFacts facts_of(std::string_view info);
// Throws bullmq::Error.
[[nodiscard]] bullmq::awaitable<ServerFacts> read_server_facts(bullmq::Redis redis);

// A server that is full drops jobs, locks and logs without a word under any policy but noeviction.
[[nodiscard]] std::optional<Warning> eviction_warning(std::string_view policy);
// Says so in the log when the policy is not the one that was known before.
void log_policy(std::string_view before, std::string_view now);

}  // namespace shunt::executor

#include <algorithm>
#include <array>
#include <chrono>

#include "preflight_rows.hpp"
#include "shunt/base/duration_text.hpp"
#include "time_text.hpp"

namespace shunt::flip {
namespace {

using std::chrono::milliseconds;

// Bounds of docs/flip/redis.md, which has each with its reason.
constexpr milliseconds kSlowToReach{500};
constexpr double kMemoryWarn = 0.60;
constexpr double kMemoryFail = 0.75;  // where the guard of a rollout would take it back
constexpr std::chrono::microseconds kScriptWarn{10'000};
constexpr std::chrono::microseconds kScriptFail{50'000};
constexpr milliseconds kSkewWarn{1'000};
constexpr milliseconds kSkewFail{5'000};
constexpr double kClientsWarn = 0.60;
constexpr double kClientsFail = 0.90;
constexpr std::chrono::seconds kLagWarn{10};

std::string ms_text(std::chrono::microseconds time) {
  return short_number(static_cast<double>(time.count()) / 1'000) + " ms";
}

// As people read it: whole MiB and more as they were configured, anything else rounded.
std::string memory_text(std::uint64_t bytes) {
  constexpr std::uint64_t kMebi = std::uint64_t{1} << 20U;
  return bytes % kMebi == 0 ? format_bytes(bytes) : short_number(static_cast<double>(bytes) / kMebi) + "MiB";
}

Check check_reach(const RedisFacts& redis) {
  constexpr std::string_view kName = "redis.reach";
  if (redis.failure) {
    return fail(
        kName, "Redis cannot be used: " + *redis.failure,
        "Check REDIS_URL, the password, TLS and that Redis runs; every other row depends on this one.");
  }
  const std::string found = "answered within " + std::to_string(redis.reached_in.count()) + " ms";
  if (redis.role == "slave" || redis.role == "replica") {
    return fail(kName, found + ", and is a replica, which takes no writes",
                "Give the address of the primary, or of Sentinel's or the cluster's.");
  }
  if (redis.reached_in > kSlowToReach)
    return warn(kName, found, "Put Redis into the same zone; admission waits for it.");
  return pass(kName, found);
}

Check check_version(const RedisFacts& redis) {
  constexpr std::string_view kName = "redis.version";
  const std::string found =
      redis.product + ' ' + (redis.version.empty() ? "of no known version" : redis.version);
  const auto version = parse_version(redis.version);
  if (!version)
    return warn(kName, found, "Look up its version: BullMQ needs Redis 5.0, better 6.2 or later.");
  if (redis.product != "redis") return pass(kName, found);
  if ((*version)[0] < 5)
    return fail(kName, found, "BullMQ refuses servers below Redis 5.0: use 6.2 or later.");
  if (*version < std::array<std::uint32_t, 3>{6, 2, 0})
    return warn(kName, found, "BullMQ advises Redis 6.2 or later.");
  return pass(kName, found);
}

Check check_eviction(const RedisFacts& redis) {
  constexpr std::string_view kName = "redis.eviction";
  if (!redis.eviction_policy) {
    return warn(kName, "the host hides maxmemory-policy",
                "Ask the host; any policy but noeviction drops jobs and locks without a word.");
  }
  if (*redis.eviction_policy == "noeviction") return pass(kName, "maxmemory-policy is noeviction");
  return fail(kName, "maxmemory-policy is " + *redis.eviction_policy,
              "Set maxmemory-policy to noeviction: a full Redis drops jobs, locks and results otherwise.");
}

Check check_memory(const RedisFacts& redis) {
  constexpr std::string_view kName = "redis.memory";
  if (!redis.max_memory || !redis.used_memory)
    return warn(kName, "the host hides its memory", "Watch the memory in the host's console.");
  if (*redis.max_memory == 0) {
    return warn(kName, memory_text(*redis.used_memory) + " used, and maxmemory is not set",
                "Set maxmemory to 60 to 75 % of what the machine has: the kernel ends Redis otherwise.");
  }
  const double share = static_cast<double>(*redis.used_memory) / static_cast<double>(*redis.max_memory);
  const std::string found = whole_percent(share) + " of " + memory_text(*redis.max_memory) + " used";
  if (share >= kMemoryFail) {
    return fail(kName, found,
                "Give Redis more memory or shorten queue.retention: a rollout is taken back at " +
                    whole_percent(kMemoryFail) + '.');
  }
  if (share >= kMemoryWarn)
    return warn(kName, found, "Leave room: docs/flip/redis.md has bytes for each generation.");
  return pass(kName, found);
}

Check check_persistence(const RedisFacts& redis) {
  constexpr std::string_view kName = "redis.persistence";
  if (redis.last_save_ok == false) {
    return fail(kName, "the last save or rewrite has failed",
                "Look into Redis' log and its disk: it refuses writes while saving fails.");
  }
  if (!redis.append_only)
    return warn(kName, "the host hides it", "Ask the host whether appendonly is on, and how often it syncs.");
  if (*redis.append_only) return pass(kName, "appendonly is on");
  return warn(kName, "appendonly is off",
              "Set appendonly yes and appendfsync everysec: a restart loses accepted generations otherwise.");
}

Check check_replication(const RedisFacts& redis) {
  constexpr std::string_view kName = "redis.replication";
  if (!redis.replicas) return warn(kName, "the host hides its replicas", "Ask the host.");
  if (*redis.replicas == 0) return pass(kName, "no replica");
  const std::string found = std::to_string(*redis.replicas) + " replicas";
  if (!redis.replica_lag) return pass(kName, found);
  const std::string lag = found + ", the slowest " + time_text(*redis.replica_lag) + " behind";
  if (*redis.replica_lag <= kLagWarn) return pass(kName, lag);
  return warn(kName, lag, "A failover now loses what the replica does not have yet.");
}

Check check_latency(const RedisFacts& redis) {
  constexpr std::string_view kName = "redis.latency";
  if (!redis.script_p99)
    return fail(kName, "no script could be run",
                "Allow EVALSHA and SCRIPT to this user: BullMQ is made of scripts.");
  const std::string found = "scripts take " + ms_text(*redis.script_p99) + " at the 99th percentile";
  if (*redis.script_p99 > kScriptFail)
    return fail(kName, found, "Find what slows Redis down (SLOWLOG, swapping, the network) first.");
  if (*redis.script_p99 > kScriptWarn) return warn(kName, found, "Below 10 ms is usual within a zone.");
  return pass(kName, found);
}

Check check_cluster(const RedisFacts& redis, bool prefix_has_tag) {
  constexpr std::string_view kName = "redis.cluster";
  if (!redis.cluster) return pass(kName, "no cluster");
  if (prefix_has_tag) return pass(kName, "a cluster; all keys are in one slot");
  return fail(kName, "a cluster, and queue.prefix has no hash tag",
              "Set queue.prefix to one in braces, as \"{shunt}\".");
}

Check check_permissions(const RedisFacts& redis) {
  constexpr std::string_view kName = "redis.permissions";
  // Before 7.0 a user's rules cannot be asked; whether scripts run at all is in the row of their latency.
  if (!redis.refused_commands) return pass(kName, "the server does not tell a user's rules");
  if (redis.refused_commands->empty()) return pass(kName, "the user may send every command that is needed");
  constexpr std::size_t kMostNamed = 8;
  std::string named;
  for (std::size_t i = 0; i < std::min(redis.refused_commands->size(), kMostNamed); ++i)
    named.append(named.empty() ? "" : ", ").append((*redis.refused_commands)[i]);
  if (redis.refused_commands->size() > kMostNamed)
    named += " and " + std::to_string(redis.refused_commands->size() - kMostNamed) + " more";
  return fail(kName, "the user may not send " + named,
              "Allow them for the keys of queue.prefix: ACL SETUSER NAME ~PREFIX* +@all -@dangerous +info.");
}

Check check_clock(const RedisFacts& redis) {
  constexpr std::string_view kName = "redis.clock";
  if (!redis.clock_skew) return warn(kName, "its clock could not be read", "Allow TIME to this user.");
  const std::string found = "the clocks are " + std::to_string(redis.clock_skew->count()) + " ms apart";
  const std::string advice = "Let NTP set the clocks of all machines: delays and deadlines go by them.";
  if (*redis.clock_skew > kSkewFail) return fail(kName, found, advice);
  if (*redis.clock_skew > kSkewWarn) return warn(kName, found, advice);
  return pass(kName, found);
}

Check check_connections(const RedisFacts& redis) {
  constexpr std::string_view kName = "redis.connections";
  if (!redis.clients || !redis.max_clients || *redis.max_clients == 0)
    return warn(kName, "the host hides its limit of connections", "Ask the host for its limit.");
  const double share = static_cast<double>(*redis.clients) / static_cast<double>(*redis.max_clients);
  const std::string found =
      std::to_string(*redis.clients) + " of " + std::to_string(*redis.max_clients) + " connections";
  const std::string advice = "Raise maxclients: each of our processes keeps up to eight connections.";
  if (share > kClientsFail) return fail(kName, found, advice);
  if (share > kClientsWarn) return warn(kName, found, advice);
  return pass(kName, found);
}

}  // namespace

bool has_hash_tag(std::string_view prefix) noexcept {
  const std::size_t open = prefix.find('{');
  const std::size_t close = open == std::string_view::npos ? open : prefix.find('}', open);
  return close != std::string_view::npos && close > open + 1;
}

std::vector<Check> check_redis(const RedisFacts& redis, bool prefix_has_tag) {
  std::vector<Check> checks{check_reach(redis)};
  if (redis.failure) return checks;
  for (const auto check : {check_version, check_eviction, check_memory, check_persistence, check_replication,
                           check_latency, check_permissions, check_clock, check_connections}) {
    checks.push_back(check(redis));
  }
  checks.push_back(check_cluster(redis, prefix_has_tag));
  return checks;
}

}  // namespace shunt::flip

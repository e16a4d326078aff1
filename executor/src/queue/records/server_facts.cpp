#include "queue/records/server_facts.hpp"

#include <utility>

#include "shunt/base/json.hpp"
#include "shunt/base/log.hpp"

namespace shunt::executor {
namespace {

// Longer than any version or policy; another server may say anything.
constexpr std::size_t kLongest = 64;

std::string line_of(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    const std::size_t end = std::min(info.find('\n'), info.size());
    std::string_view line = info.substr(0, end);
    info.remove_prefix(std::min(end + 1, info.size()));
    if (!line.starts_with(name) || line.size() == name.size() || line[name.size()] != ':') continue;
    line.remove_prefix(name.size() + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return to_valid_utf8(line.substr(0, kLongest));
  }
  return {};
}

}  // namespace

ServerFacts facts_of(std::string_view info) {
  ServerFacts facts;
  facts.version = line_of(info, "valkey_version");
  facts.version = facts.version.empty() ? line_of(info, "redis_version") : "valkey " + facts.version;
  facts.eviction_policy = line_of(info, "maxmemory_policy");
  return facts;
}

bullmq::awaitable<ServerFacts> read_server_facts(bullmq::Redis redis) {
  std::vector<std::string> command{"INFO"};
  bullmq::CommandOptions again;
  again.idempotent = true;
  const bullmq::RedisReply reply = co_await redis.execute(std::move(command), again);
  co_return facts_of(reply.text);
}

std::optional<Warning> eviction_warning(std::string_view policy) {
  if (policy.empty() || policy == "noeviction") return std::nullopt;
  return Warning{
      "redis_eviction_policy",
      "Redis' maxmemory-policy is \"" + std::string(policy) +
          "\": when it is full it drops jobs, locks and results without a word. Set it to noeviction"};
}

void log_policy(std::string_view before, std::string_view now) {
  if (before == now) return;
  if (const auto warning = eviction_warning(now)) {
    log::warn("redis.eviction_policy", {{"policy", now}, {"warning", warning->message}});
  } else if (!before.empty() && !now.empty()) {
    log::info("redis.eviction_policy", {{"policy", now}});
  }
}

}  // namespace shunt::executor

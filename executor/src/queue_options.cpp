#include "shunt/executor/queue_options.hpp"

#include <string_view>
#include <utility>

#include "bullmq/connection_options.hpp"
#include "bullmq/error.hpp"
#include "shunt/executor/redis/redis_address.hpp"

namespace shunt::executor {
namespace {

Error invalid(std::string message) {
  return {"invalid_configuration", std::move(message)};
}

std::string ms(std::chrono::milliseconds time) {
  return std::to_string(time.count()) + " ms";
}

bool has_hash_tag(const std::string& prefix) {
  const auto open = prefix.find('{');
  return open != std::string::npos && prefix.find('}', open) > open + 1 &&
         prefix.find('}', open) != std::string::npos;
}

}  // namespace

Result<void> check(const QueueOptions& options) {
  bullmq::ConnectionOptions connection;
  try {
    connection = connection_options(options.redis_url);
  } catch (const bullmq::Error& error) {
    constexpr std::string_view kName = "connection.url: ";
    std::string_view what = error.what();
    if (what.starts_with(kName)) what.remove_prefix(kName.size());
    return invalid("redis.url cannot be used: " + std::string(what));
  }
  if (options.prefix.empty() || options.prefix.size() > 128) {
    return invalid("queue.prefix must have 1 to 128 bytes, got " + std::to_string(options.prefix.size()));
  }
  if (connection.cluster && !has_hash_tag(options.prefix)) {
    return invalid(
        "queue.prefix must have a hash tag, as \"{shunt}\" has, so that a cluster keeps all keys in one "
        "slot; "
        "got \"" +
        options.prefix + '"');
  }
  if (options.stalled_interval > 10 * options.lock_duration) {
    return invalid("queue.stalled_interval must be at most ten times queue.lock_duration (" +
                   ms(options.lock_duration) + "), got " + ms(options.stalled_interval));
  }
  if (options.claim_age < options.retention) {
    return invalid("queue.claim_age must be at least queue.retention (" + ms(options.retention) + "), got " +
                   ms(options.claim_age));
  }
  return {};
}

}  // namespace shunt::executor

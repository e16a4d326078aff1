#include "queue/records/queue_keyspace.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "bullmq/version.hpp"
#include "queue/records/script_answers.hpp"

namespace shunt::executor {
namespace {

constexpr std::string_view kMeta = ":meta";

// Makes a pattern of Redis that means exactly this text.
std::string literally(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view("*?[]\\").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

std::string ms(WallTime time) {
  return std::to_string(time.time_since_epoch().count());
}

}  // namespace

bool QueueKeyspace::owns(std::string_view queue_key) const {
  const std::string prefix = keys_.prefix + ':';
  // A queue's name has no colon, and is not empty.
  return queue_key.starts_with(prefix) && queue_key.size() > prefix.size() &&
         queue_key.find(':', prefix.size()) == std::string_view::npos;
}

bullmq::Queue QueueKeyspace::queue(const std::string& queue_key) const {
  bullmq::QueueOptions options;
  options.prefix = keys_.prefix;
  options.skip_metas_update = true;
  return {redis_.connection(), queue_key.substr(keys_.prefix.size() + 1), std::move(options)};
}

bullmq::awaitable<std::string> QueueKeyspace::discover(std::string position) {
  std::vector<std::string> command{"SCAN",  std::move(position),
                                   "MATCH", literally(keys_.prefix) + ":*" + std::string(kMeta),
                                   "COUNT", "1000"};
  const bullmq::RedisReply reply = co_await redis_.execute(std::move(command));
  if (reply.elements.size() != 2) co_return std::string(kScanEnd);
  std::vector<std::string> remember{"SADD", keys_.queues()};
  for (const std::string& key : texts_of(reply.elements[1])) {
    if (key.size() > kMeta.size()) remember.push_back(key.substr(0, key.size() - kMeta.size()));
  }
  if (remember.size() > 2) co_await redis_.execute(std::move(remember));
  co_return decode_position(reply.elements[0]);
}

bullmq::awaitable<std::set<std::string>> QueueKeyspace::known() {
  // More models than any deployment has; what is beyond comes by chance in another round.
  std::vector<std::string> command{"SRANDMEMBER", keys_.queues(), "1000"};
  const bullmq::RedisReply reply = co_await redis_.execute(std::move(command));
  std::set<std::string> queues;
  for (std::string& key : texts_of(reply)) {
    if (owns(key)) queues.insert(std::move(key));
  }
  co_return queues;
}

bullmq::awaitable<std::size_t> QueueKeyspace::ended_before(std::string queue_key, Ended how,
                                                           WallTime oldest) {
  const char* const set = how == Ended::kCompleted ? ":completed" : ":failed";
  std::vector<std::string> command{"ZCOUNT", queue_key + set, "-inf", ms(oldest)};
  const bullmq::RedisReply reply = co_await redis_.execute(std::move(command));
  co_return static_cast<std::size_t>(std::max<std::int64_t>(reply.to_int(), 0));
}

bullmq::awaitable<void> QueueKeyspace::trim_events(std::string queue_key, WallTime oldest) {
  std::vector<std::string> command{"XTRIM", queue_key + ":events", "MINID", ms(oldest)};
  co_await redis_.execute(std::move(command));
}

bullmq::awaitable<void> QueueKeyspace::write_meta(std::string queue_key, std::size_t max_events) {
  std::vector<std::string> command{"HSET",
                                   queue_key + std::string(kMeta),
                                   "opts.maxLenEvents",
                                   std::to_string(max_events),
                                   "version",
                                   "bullmq:" + std::string(bullmq::upstream_version())};
  co_await redis_.execute(std::move(command));
}

}  // namespace shunt::executor

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bullmq/redis.hpp"
#include "queue/records/generation_keys.hpp"
#include "shunt/base/event_loop.hpp"

namespace shunt::executor {

// What other processes tell this one: a stream of its own in Redis, read over one connection however many
// generations it is about. A message names a generation and holds events (encode_events) or "cancel:<why>".
// When the connection breaks, reading goes on where it was; only what was cut off
// (QueueOptions::max_inbox_entries), or came while nobody had read for `kHeard`, is missed. One thread: the
// loop's.
class Inbox : public std::enable_shared_from_this<Inbox> {
 public:
  using Listener = std::function<void(const std::string& id, const std::string& message)>;

  // Nothing is written any more to an inbox whose process has not been heard of for so long.
  static constexpr std::chrono::milliseconds kHeard{15'000};

  // `blocking`: a connection of its own; `commands`: where what was read is deleted.
  Inbox(EventLoop& loop, bullmq::Redis blocking, bullmq::Redis commands, const GenerationKeys& keys,
        std::string_view process, Listener listener);
  // Enters the process into this sorted set, too, whenever it tells that it reads: for those who tell all.
  void announce_in(std::string set) { announced_in_ = std::move(set); }
  void start();
  // No message afterwards. The blocking connection is closed.
  void stop();

 private:
  static bullmq::awaitable<void> read(std::shared_ptr<Inbox> self);
  static bullmq::awaitable<void> clear(std::shared_ptr<Inbox> self);
  static bullmq::awaitable<void> trim(std::shared_ptr<Inbox> self);
  bullmq::awaitable<void> read_once();
  bullmq::awaitable<void> announce();
  bullmq::awaitable<void> check_position();

  EventLoop& loop_;
  bullmq::Redis blocking_;
  bullmq::Redis commands_;
  const std::string key_;
  const std::string heard_key_;
  const std::string process_;
  std::string announced_in_;
  Listener listener_;
  std::string position_ = "0-0";
  std::string trimmed_ = "0-0";
  std::chrono::steady_clock::time_point announced_{};
  bool doubtful_ = true;  // it is not sure that the stream still has what position_ is about
  bool trimming_ = false;
  bool stopped_ = false;
};

struct InboxEntry {
  std::string position;  // "<ms>-<n>"
  std::vector<std::pair<std::string, std::string>> messages;
};
// Entries of a stream as XRANGE has them; what has no such shape is left out. Pure.
[[nodiscard]] std::vector<InboxEntry> decode_entries(const bullmq::RedisReply& reply);

// Whether the stream entry `a` ("<ms>-<n>") is older than `b`. Pure.
[[nodiscard]] bool precedes(std::string_view a, std::string_view b);

}  // namespace shunt::executor

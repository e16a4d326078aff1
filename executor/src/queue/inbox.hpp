#pragma once

#include <functional>
#include <memory>
#include <string>

#include "bullmq/redis.hpp"
#include "queue/generation_keys.hpp"
#include "shunt/base/event_loop.hpp"

namespace shunt::executor {

// What other processes tell this one: a stream of its own in Redis, read over one connection however many
// generations it is about. A message names a generation and holds events (encode_events) or "cancel:<why>".
// When the connection breaks, reading goes on where it was; only what was cut off
// (QueueOptions::max_inbox_entries) is missed. One thread: the loop's.
class Inbox : public std::enable_shared_from_this<Inbox> {
 public:
  using Listener = std::function<void(const std::string& id, const std::string& message)>;

  // `blocking`: a connection of its own; `commands`: where what was read is deleted.
  Inbox(EventLoop& loop, bullmq::Redis blocking, bullmq::Redis commands, std::string key, Listener listener);
  void start();
  // No message afterwards. The blocking connection is closed.
  void stop();

 private:
  static bullmq::awaitable<void> read(std::shared_ptr<Inbox> self);
  static bullmq::awaitable<void> trim(std::shared_ptr<Inbox> self);
  bullmq::awaitable<void> read_once();

  EventLoop& loop_;
  bullmq::Redis blocking_;
  bullmq::Redis commands_;
  std::string key_;
  Listener listener_;
  std::string position_ = "0-0";
  std::string trimmed_ = "0-0";
  bool trimming_ = false;
  bool stopped_ = false;
};

}  // namespace shunt::executor

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "queue/records/notification_records.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// What other processes tell this one: it reads a stream of its own in Redis over one connection, however many
// generations it is about. A message names a generation and is a Notification (decode_notification). When the
// connection breaks, reading goes on where it was; only what was cut off (QueueOptions::max_inbox_entries),
// or came while nobody had read for NotificationRecords::kReads, is missed. One thread: the loop's.
class NotificationStream : public std::enable_shared_from_this<NotificationStream> {
 public:
  using Listener = std::function<void(const std::string& id, const std::string& message)>;

  NotificationStream(EventLoop& loop, FaultLog& faults, NotificationRecords records,
                     NotificationRecords::Reader reader, Listener listener);
  void start();
  // The listener is not called afterwards. The blocking connection is closed.
  void stop();

 private:
  static bullmq::awaitable<void> read(std::shared_ptr<NotificationStream> self);
  static bullmq::awaitable<void> clear(std::shared_ptr<NotificationStream> self);
  static bullmq::awaitable<void> trim(std::shared_ptr<NotificationStream> self);
  bullmq::awaitable<void> read_once();
  bullmq::awaitable<void> report_reading();
  bullmq::awaitable<void> check_position();

  EventLoop& loop_;
  FaultLog& faults_;
  NotificationRecords records_;
  const NotificationRecords::Reader reader_;
  Listener listener_;
  std::string position_ = "0-0";
  std::string trimmed_ = "0-0";
  std::chrono::steady_clock::time_point reported_{};
  bool doubtful_ = true;  // it is not sure that the stream still has what position_ is about
  bool trimming_ = false;
  bool stopped_ = false;
};

}  // namespace shunt::executor

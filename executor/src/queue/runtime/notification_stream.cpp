#include "queue/runtime/notification_stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "bullmq/error.hpp"
#include "shunt/base/log.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::executor {
namespace {

// How long one read waits, and by how much its answer may be late before the connection is taken for dead. An
// idle process wakes twice for each read.
constexpr std::chrono::milliseconds kBlock{9'000};
constexpr std::chrono::milliseconds kMargin{1'000};
constexpr std::chrono::milliseconds kPauseAfterError{50};
// Between two reports that the stream is still read; a read may wait for kBlock in between.
constexpr std::chrono::milliseconds kReportReading{3'000};
static_assert(kBlock + kReportReading + kMargin < NotificationRecords::kReads);

}  // namespace

NotificationStream::NotificationStream(EventLoop& loop, FaultLog& faults, NotificationRecords records,
                                       NotificationRecords::Reader reader, Listener listener)
    : loop_(loop),
      faults_(faults),
      records_(std::move(records)),
      reader_(reader),
      listener_(std::move(listener)) {}

void NotificationStream::start() {
  // Detached: it holds the stream, and ends when the stream is stopped.
  boost::asio::co_spawn(loop_.context(), read(shared_from_this()), boost::asio::detached);
}

void NotificationStream::stop() {
  stopped_ = true;
  records_.close();
}

bullmq::awaitable<void> NotificationStream::report_reading() {
  const auto now = std::chrono::steady_clock::now();
  if (!doubtful_ && now - reported_ < kReportReading) co_return;
  co_await records_.report_reading(reader_);
  reported_ = now;
}

// A server that came back without the stream, or another one whose clock is behind, numbers anew: what comes
// then would look older than what was read, and never arrive.
bullmq::awaitable<void> NotificationStream::check_position() {
  if (!doubtful_) co_return;
  const std::string newest = co_await records_.newest();
  if (newest.empty() || precedes(newest, position_)) position_ = "0-0";
  doubtful_ = false;
}

bullmq::awaitable<void> NotificationStream::read_once() {
  co_await report_reading();
  co_await check_position();
  const std::vector<StreamEntry> entries = co_await records_.read_after(position_, kBlock, kMargin);
  for (const StreamEntry& entry : entries) {
    position_ = entry.position;
    for (const auto& [about, message] : entry.messages) {
      if (!stopped_) listener_(about, message);
    }
  }
}

bullmq::awaitable<void> NotificationStream::read(std::shared_ptr<NotificationStream> self) {
  while (!self->stopped_) {
    bool failed = false;
    bool foreign = false;
    try {
      co_await self->read_once();
    } catch (const bullmq::RedisError& error) {
      if (!self->stopped_) note_caught(self->faults_, "notifications");
      foreign = error.word() == "WRONGTYPE";
      failed = true;
    } catch (...) {
      // The connection is made again by itself, and what is there says so (see QueueExecutor::describe).
      if (!self->stopped_) note_caught(self->faults_, "notifications");
      failed = true;
    }
    if (self->stopped_) break;
    if (!failed && self->position_ != self->trimmed_ && !std::exchange(self->trimming_, true)) {
      // Detached: it holds the stream, and is one command.
      boost::asio::co_spawn(self->loop_.context(), trim(self), boost::asio::detached);
    }
    if (!failed) continue;
    self->doubtful_ = true;
    if (foreign) co_await clear(self);
    boost::asio::steady_timer pause(self->loop_.context(), kPauseAfterError);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

// Somebody has put something else in the place of the stream, which nobody but this process reads.
bullmq::awaitable<void> NotificationStream::clear(std::shared_ptr<NotificationStream> self) {
  log::error("queue.inbox_replaced", {{"key", self->records_.key()}});
  try {
    co_await self->records_.remove();
  } catch (...) {
    // The next read finds it again.
    note_caught(self->faults_, "notifications_clear");
  }
}

// What was read is deleted, so that a stream holds what its process has not seen yet, and no more.
bullmq::awaitable<void> NotificationStream::trim(std::shared_ptr<NotificationStream> self) {
  std::string position = self->position_;
  try {
    std::string copy = position;
    co_await self->records_.trim(std::move(copy));
    self->trimmed_ = position;
  } catch (...) {
    // The next read tries again.
    if (!self->stopped_) note_caught(self->faults_, "notifications_trim");
  }
  self->trimming_ = false;
}

}  // namespace shunt::executor

#include "queue/inbox.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "bullmq/error.hpp"

namespace shunt::executor {
namespace {

// How long one read waits, and by how much its answer may be late before the connection is taken for dead.
constexpr std::chrono::milliseconds kBlock{5'000};
constexpr std::chrono::milliseconds kMargin{1'000};
constexpr std::chrono::milliseconds kPauseAfterError{200};

}  // namespace

Inbox::Inbox(EventLoop& loop, bullmq::Redis blocking, bullmq::Redis commands, std::string key,
             Listener listener)
    : loop_(loop),
      blocking_(std::move(blocking)),
      commands_(std::move(commands)),
      key_(std::move(key)),
      listener_(std::move(listener)) {}

void Inbox::start() {
  // Detached: it holds the inbox, and ends when the inbox is stopped.
  boost::asio::co_spawn(loop_.context(), read(shared_from_this()), boost::asio::detached);
}

void Inbox::stop() {
  stopped_ = true;
  blocking_.close();
}

bullmq::awaitable<void> Inbox::read_once() {
  std::vector<std::string> command{"XREAD",   "COUNT", "500",    "BLOCK", std::to_string(kBlock.count()),
                                   "STREAMS", key_,    position_};
  bullmq::CommandOptions options;
  options.idempotent = true;
  options.timeout = kBlock + kMargin;
  options.drop_on_timeout = true;
  const bullmq::RedisReply reply = co_await blocking_.execute(std::move(command), options);
  if (!reply.is_array() || reply.elements.empty()) co_return;
  for (const bullmq::RedisReply& entry : reply.elements[0].elements.at(1).elements) {
    if (entry.elements.size() < 2) continue;
    position_ = entry.elements[0].text;
    const auto& fields = entry.elements[1].elements;
    for (std::size_t i = 0; i + 1 < fields.size() && !stopped_; i += 2) {
      listener_(fields[i].text, fields[i + 1].text);
    }
  }
}

bullmq::awaitable<void> Inbox::read(std::shared_ptr<Inbox> self) {
  while (!self->stopped_) {
    bool failed = false;
    try {
      co_await self->read_once();
    } catch (const std::exception&) {
      // The connection is made again by itself, and what is there says so (see QueueExecutor::describe).
      failed = true;
    }
    if (self->stopped_) break;
    if (!failed && self->position_ != self->trimmed_ && !std::exchange(self->trimming_, true)) {
      boost::asio::co_spawn(self->loop_.context(), trim(self), boost::asio::detached);
    }
    if (!failed) continue;
    boost::asio::steady_timer pause(self->loop_.context(), kPauseAfterError);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

// What was read is deleted, so that an inbox holds what its process has not seen yet, and no more.
bullmq::awaitable<void> Inbox::trim(std::shared_ptr<Inbox> self) {
  std::string position = self->position_;
  std::vector<std::string> command{"XTRIM", self->key_, "MINID", position};
  try {
    co_await self->commands_.execute(std::move(command));
    self->trimmed_ = position;
  } catch (const std::exception&) {
    // The next read tries again.
  }
  self->trimming_ = false;
}

}  // namespace shunt::executor

#include "queue/runtime/notification_stream.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <cstdint>
#include <utility>

#include "bullmq/error.hpp"
#include "shunt/base/log.hpp"

namespace shunt::executor {
namespace {

// How long one read waits, and by how much its answer may be late before the connection is taken for dead.
constexpr std::chrono::milliseconds kBlock{5'000};
constexpr std::chrono::milliseconds kMargin{1'000};
constexpr std::chrono::milliseconds kPauseAfterError{50};
// Between two words that we still read; a read may wait for kBlock in between.
constexpr std::chrono::milliseconds kAnnounce{3'000};
static_assert(kBlock + kAnnounce + kMargin < Inbox::kHeard);

std::uint64_t number_of(std::string_view digits) {
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

std::pair<std::uint64_t, std::uint64_t> parts_of(std::string_view id) {
  const std::size_t dash = std::min(id.find('-'), id.size());
  const std::string_view rest = id.substr(std::min(dash + 1, id.size()));
  return {number_of(id.substr(0, dash)), number_of(rest)};
}

}  // namespace

std::vector<InboxEntry> decode_entries(const bullmq::RedisReply& reply) {
  std::vector<InboxEntry> entries;
  for (const bullmq::RedisReply& entry : reply.elements) {
    if (entry.elements.size() != 2 || !entry.elements[0].is_text()) continue;
    InboxEntry decoded{entry.elements[0].text, {}};
    const auto& fields = entry.elements[1].elements;
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
      if (fields[i].is_text() && fields[i + 1].is_text())
        decoded.messages.emplace_back(fields[i].text, fields[i + 1].text);
    }
    entries.push_back(std::move(decoded));
  }
  return entries;
}

bool precedes(std::string_view a, std::string_view b) {
  return parts_of(a) < parts_of(b);
}

Inbox::Inbox(EventLoop& loop, bullmq::Redis blocking, bullmq::Redis commands, const GenerationKeys& keys,
             std::string_view process, Listener listener)
    : loop_(loop),
      blocking_(std::move(blocking)),
      commands_(std::move(commands)),
      key_(keys.inbox(process)),
      heard_key_(keys.heard(process)),
      process_(process),
      listener_(std::move(listener)) {}

void Inbox::start() {
  // Detached: it holds the inbox, and ends when the inbox is stopped.
  boost::asio::co_spawn(loop_.context(), read(shared_from_this()), boost::asio::detached);
}

void Inbox::stop() {
  stopped_ = true;
  blocking_.close();
}

bullmq::awaitable<void> Inbox::announce() {
  const auto now = std::chrono::steady_clock::now();
  if (!doubtful_ && now - announced_ < kAnnounce) co_return;
  std::vector<std::string> command{"SET", heard_key_, "1", "PX", std::to_string(kHeard.count())};
  bullmq::CommandOptions options;
  options.idempotent = true;
  co_await blocking_.execute(std::move(command), options);
  announced_ = now;
  if (announced_in_.empty()) co_return;
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const std::string until = std::to_string((ms + kHeard).time_since_epoch().count());
  std::vector<std::string> enter{"ZADD", announced_in_, until, process_};
  co_await blocking_.execute(std::move(enter), options);
  const std::string past = std::to_string((ms - kHeard).time_since_epoch().count());
  std::vector<std::string> expire{"ZREMRANGEBYSCORE", announced_in_, "-inf", past};
  co_await blocking_.execute(std::move(expire), options);
}

// A server that came back without the stream, or another one whose clock is behind, numbers anew: what comes
// then would look older than what we have read, and never arrive.
bullmq::awaitable<void> Inbox::check_position() {
  if (!doubtful_) co_return;
  std::vector<std::string> command{"XREVRANGE", key_, "+", "-", "COUNT", "1"};
  bullmq::CommandOptions options;
  options.idempotent = true;
  const bullmq::RedisReply reply = co_await blocking_.execute(std::move(command), options);
  const auto newest = decode_entries(reply);
  if (newest.empty() || precedes(newest.front().position, position_)) position_ = "0-0";
  doubtful_ = false;
}

bullmq::awaitable<void> Inbox::read_once() {
  co_await announce();
  co_await check_position();
  std::vector<std::string> command{"XREAD",   "COUNT", "500",    "BLOCK", std::to_string(kBlock.count()),
                                   "STREAMS", key_,    position_};
  // Not sent again by itself: after a lost connection the position has to be looked at first.
  bullmq::CommandOptions options;
  options.timeout = kBlock + kMargin;
  options.drop_on_timeout = true;
  const bullmq::RedisReply reply = co_await blocking_.execute(std::move(command), options);
  if (reply.elements.empty() || reply.elements[0].elements.size() != 2) co_return;
  for (const InboxEntry& entry : decode_entries(reply.elements[0].elements[1])) {
    position_ = entry.position;
    for (const auto& [about, message] : entry.messages) {
      if (!stopped_) listener_(about, message);
    }
  }
}

bullmq::awaitable<void> Inbox::read(std::shared_ptr<Inbox> self) {
  while (!self->stopped_) {
    bool failed = false;
    bool foreign = false;
    try {
      co_await self->read_once();
    } catch (const bullmq::RedisError& error) {
      foreign = error.word() == "WRONGTYPE";
      failed = true;
    } catch (const std::exception&) {
      // The connection is made again by itself, and what is there says so (see QueueExecutor::describe).
      failed = true;
    }
    if (self->stopped_) break;
    if (!failed && self->position_ != self->trimmed_ && !std::exchange(self->trimming_, true)) {
      // Detached: it holds the inbox, and is one command.
      boost::asio::co_spawn(self->loop_.context(), trim(self), boost::asio::detached);
    }
    if (!failed) continue;
    self->doubtful_ = true;
    if (foreign) co_await clear(self);
    boost::asio::steady_timer pause(self->loop_.context(), kPauseAfterError);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

// Somebody has put something else in the place of the inbox, which nobody but this process reads.
bullmq::awaitable<void> Inbox::clear(std::shared_ptr<Inbox> self) {
  log::error("queue.inbox_replaced", {{"key", self->key_}});
  std::vector<std::string> command{"DEL", self->key_};
  try {
    co_await self->commands_.execute(std::move(command));
  } catch (const std::exception&) {
    // The next read finds it again.
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

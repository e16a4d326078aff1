#include "redis/connection.hpp"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <iterator>
#include <string_view>

#include "bullmq/connection.hpp"
#include "bullmq/error.hpp"

namespace bullmq {

SharedConnection open_connection(Executor executor, ConnectionOptions options) {
  return detail::Connection::open(std::move(executor), std::move(options));
}

}  // namespace bullmq

namespace bullmq::detail {
namespace {

namespace asio = boost::asio;

// One write takes at most about this much: enough for the kernel's buffers, and bounded when a thousand large
// jobs wait.
constexpr std::size_t kWriteBatchBytes = 256UL * 1024;
constexpr std::size_t kReadBufferBytes = 64UL * 1024;
// The slot is being moved: the cluster asks to try again.
constexpr std::chrono::milliseconds kTryAgainPause{50};
constexpr const char* kClosed = "Connection is closed.";

// Stands for a command that nobody waits for any more, and takes the replies that still come for it.
class Shadow final : public Pending {
 public:
  void complete(std::exception_ptr, Reply) override {}
};

template <typename ErrorType, typename... Args>
std::exception_ptr make_error(Args&&... args) {
  return std::make_exception_ptr(ErrorType(std::forward<Args>(args)...));
}

}  // namespace

std::exception_ptr redis_error(const std::string& message) {
  return make_error<RedisError>(message);
}

std::shared_ptr<Connection> Connection::open(asio::any_io_executor executor, ConnectionOptions options,
                                             std::string routing_key) {
  options = resolve_url(std::move(options));
  std::shared_ptr<Connection> connection(
      new Connection(std::move(executor), std::move(options), std::move(routing_key)));
  // Detached: it ends when the connection is closed, which the last owner does at the latest.
  asio::co_spawn(connection->executor_, supervise(connection), asio::detached);
  Connection* const raw = connection.get();
  return {raw, [connection = std::move(connection)](Connection*) { connection->close(); }};
}

Connection::Connection(asio::any_io_executor executor, ConnectionOptions options, std::string routing_key)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      routing_key_(std::move(routing_key)),
      read_buffer_(kReadBufferBytes),
      deadline_timer_(executor_),
      lost_(executor_),
      resolved_(executor_) {
  if (options_.cluster) slot_ = hash_slot(routing_key_);
}

Connection::~Connection() {
  unsent_.clear_and_dispose([](Pending* pending) { delete pending; });
  sent_.clear_and_dispose([](Pending* pending) { delete pending; });
}

double Connection::random() {
  return std::uniform_real_distribution<double>(0, 1)(random_);
}

void Connection::report(const std::exception& error) {
  on_error.emit([] {}, error);
}

// ---- Commands come in.

void Connection::submit(std::unique_ptr<Pending> pending) {
  const auto timeout = timeout_of(pending->command, options_);
  pending->deadline = Clock::now() + timeout;
  if (closed_)
    return fail_later(std::move(pending), make_error<ConnectionError>(Fate::not_executed, kClosed));
  if (phase_ != Phase::up && !options_.offline_queue) {
    return fail_later(std::move(pending), make_error<ConnectionError>(
                                              Fate::not_executed, "not connected to Redis: " + last_error_));
  }
  if (unsent_bytes_ + pending->command.bytes.size() > options_.max_unsent_bytes) {
    return fail_later(std::move(pending),
                      make_error<ConnectionError>(
                          Fate::not_executed, "the queue of unsent commands is full: max_unsent_bytes is " +
                                                  std::to_string(options_.max_unsent_bytes) + ", " +
                                                  std::to_string(unsent_bytes_) + " bytes wait"));
  }
  unsent_bytes_ += pending->command.bytes.size();
  pending->sequence = ++last_sequence_;
  watch_deadline(*pending);
  unsent_.push_back(*pending.release());
  schedule_flush();
}

// An initiating function may not call its handler, and a cancelled coroutine must not be resumed inside
// emit().
void Connection::fail_later(std::unique_ptr<Pending> pending, std::exception_ptr failure) {
  asio::post(executor_, [pending = std::shared_ptr<Pending>(std::move(pending)),
                         failure = std::move(failure)] { pending->complete(failure, {}); });
}

// Out of the lists, into the hands of who completes it. What was sent leaves a shadow for its replies.
std::unique_ptr<Pending> Connection::take(Pending& pending) {
  if (pending.sent) {
    auto shadow = std::make_unique<Shadow>();
    shadow->sent = true;
    shadow->replies_left = pending.replies_left;
    sent_.insert(sent_.iterator_to(pending), *shadow.release());
    sent_.erase(sent_.iterator_to(pending));
  } else {
    unsent_bytes_ -= pending.command.bytes.size();
    unsent_.erase(unsent_.iterator_to(pending));
  }
  pending.deadline_place.unlink();
  return std::unique_ptr<Pending>(&pending);
}

void Connection::abandon(Pending& pending) {
  fail_later(take(pending),
             std::make_exception_ptr(boost::system::system_error(asio::error::operation_aborted)));
}

void Connection::queue_again(std::unique_ptr<Pending> pending) {
  pending->sent = false;
  pending->replies_left = pending->command.replies;
  pending->first_error.clear();
  unsent_bytes_ += pending->command.bytes.size();
  if (!pending->deadline_place.is_linked()) watch_deadline(*pending);
  auto place = unsent_.begin();
  while (place != unsent_.end() && place->sequence < pending->sequence) ++place;
  unsent_.insert(place, *pending.release());
}

// ---- Commands go out.

// After the handlers that are ready now: what they send as well goes out in the same write.
void Connection::schedule_flush() {
  if (flush_scheduled_ || writing_ || phase_ != Phase::up || leaving_) return;
  flush_scheduled_ = true;
  asio::post(executor_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->flush_scheduled_ = false;
      self->flush();
    }
  });
}

void Connection::flush() {
  if (writing_ || phase_ != Phase::up || leaving_ || unsent_.empty()) return;
  write_buffer_.clear();
  written_ = 0;
  while (!unsent_.empty() && write_buffer_.size() < kWriteBatchBytes) {
    Pending& pending = unsent_.front();
    unsent_.pop_front();
    unsent_bytes_ -= pending.command.bytes.size();
    if (pending.as_text) {
      write_buffer_ += with_script_text(pending.command);
    } else {
      write_buffer_ += pending.command.bytes;
    }
    pending.sent = true;
    sent_.push_back(pending);
  }
  writing_ = true;
  write_some();
}

void Connection::write_some() {
  transport_->async_write_some(
      asio::buffer(write_buffer_.data() + written_, write_buffer_.size() - written_),
      asio::bind_executor(executor_,
                          [self = shared_from_this(), transport = transport_, generation = generation_](
                              boost::system::error_code failed, std::size_t count) {
                            if (generation != self->generation_ || self->phase_ != Phase::up) return;
                            if (failed) return self->drop("writing failed: " + failed.message());
                            self->written_ += count;
                            if (self->written_ < self->write_buffer_.size()) return self->write_some();
                            self->writing_ = false;
                            self->flush();
                          }));
}

// ---- Answers come in.

void Connection::read_some() {
  transport_->async_read_some(
      asio::buffer(read_buffer_),
      asio::bind_executor(executor_,
                          [self = shared_from_this(), transport = transport_, generation = generation_](
                              boost::system::error_code failed, std::size_t count) {
                            if (generation != self->generation_ || self->phase_ != Phase::up) return;
                            if (failed) return self->drop("the connection was lost: " + failed.message());
                            self->on_bytes(count);
                            if (generation == self->generation_ && self->phase_ == Phase::up)
                              self->read_some();
                          }));
}

void Connection::on_bytes(std::size_t count) {
  const auto generation = generation_;
  try {
    reader_->feed({read_buffer_.data(), count});
    // Whoever is answered may break or close this connection.
    while (generation == generation_ && phase_ == Phase::up) {
      auto reply = reader_->next();
      if (!reply) break;
      on_reply(std::move(*reply));
    }
  } catch (const Error& error) {
    if (generation == generation_ && phase_ == Phase::up) drop(error.what());
  }
}

void Connection::on_reply(Reply reply) {
  if (sent_.empty()) return drop("Redis answered what nobody asked");
  Pending& front = sent_.front();
  if (--front.replies_left > 0) {
    if (reply.is_error() && front.first_error.empty()) front.first_error = reply.text;
    return;
  }
  sent_.pop_front();
  front.deadline_place.unlink();
  std::unique_ptr<Pending> pending(&front);
  if (reply.is_error()) {
    // EXECABORT only says that the transaction was refused; the error before it says why.
    const std::string error = pending->first_error.empty() ? reply.text : pending->first_error;
    if (!handle_redirection(pending, error)) pending->complete(redis_error(error), {});
  } else {
    pending->complete(nullptr, std::move(reply));
  }
  if (leaving_ && sent_.empty() && phase_ == Phase::up) drop("the server is not the one to talk to");
}

// The command was not executed, and where or how it can be is known: it is sent again. false: it is a plain
// error.
bool Connection::handle_redirection(std::unique_ptr<Pending>& pending, std::string_view error) {
  const auto word = error.substr(0, error.find(' '));
  if (word == "NOSCRIPT" && pending->command.script != nullptr && !pending->as_text) {
    pending->as_text = true;
    queue_again(std::move(pending));
    schedule_flush();
    return true;
  }
  if (word == "READONLY") {
    // A primary that became a replica: the next handshake finds the new one.
    leaving_ = true;
    queue_again(std::move(pending));
    return true;
  }
  if (!slot_) return false;
  if (word == "TRYAGAIN" || word == "CLUSTERDOWN") {
    auto timer = std::make_shared<asio::steady_timer>(executor_, kTryAgainPause);
    timer->async_wait([weak = weak_from_this(), timer, held = std::shared_ptr<Pending>(std::move(pending)),
                       text = std::string(error)](boost::system::error_code) mutable {
      const auto self = weak.lock();
      if (self == nullptr || self->closed_ || Clock::now() > held->deadline) {
        return held->complete(redis_error(text), {});
      }
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(held->deadline - Clock::now());
      asio::co_spawn(
          self->executor_,
          [](std::shared_ptr<Connection> connection, std::shared_ptr<Pending> again,
             std::chrono::milliseconds timeout) -> asio::awaitable<void> {
            std::exception_ptr failure;
            Reply reply;
            try {
              Command command = again->command;
              command.timeout = timeout;
              reply = co_await connection->execute(std::move(command));
            } catch (...) {
              failure = std::current_exception();
            }
            again->complete(failure, std::move(reply));
          }(self, std::move(held), left),
          asio::detached);
    });
    return true;
  }
  const auto redirect = parse_redirect(error, connected_host_);
  if (!redirect) return false;
  if (redirect->ask) {
    follow_ask(std::move(pending), redirect->address);
  } else {
    redirect_ = redirect->address;
    leaving_ = true;
    queue_again(std::move(pending));
  }
  return true;
}

// The slot is on its way to another node, and this key is there already: this one command goes there.
void Connection::follow_ask(std::unique_ptr<Pending> pending, RedisAddress address) {
  auto& other = asked_[to_string(address)];
  if (!other || other->is_closed()) {
    ConnectionOptions options = options_;
    options.url.clear();
    options.cluster.reset();
    options.address = address;
    other = open(executor_, std::move(options));
  }
  Command command;
  command.bytes = make_command("ASKING").bytes;
  command.bytes +=
      pending->command.script != nullptr ? with_script_text(pending->command) : pending->command.bytes;
  command.replies = pending->command.replies + 1;
  command.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(pending->deadline - Clock::now());
  asio::co_spawn(
      executor_,
      [](std::shared_ptr<Connection> connection, std::shared_ptr<Pending> held,
         Command asking) -> asio::awaitable<void> {
        std::exception_ptr failure;
        Reply reply;
        try {
          reply = co_await connection->execute(std::move(asking));
        } catch (...) {
          failure = std::current_exception();
        }
        held->complete(failure, std::move(reply));
      }(other, std::move(pending), std::move(command)),
      asio::detached);
}

// ---- The connection breaks, or is closed.

void Connection::drop(const std::string& why) {
  last_error_ = why;
  phase_ = Phase::connecting;
  leaving_ = false;
  writing_ = false;
  ++generation_;
  transport_->close();
  Queue lost;
  lost.swap(sent_);
  std::vector<std::unique_ptr<Pending>> failed;
  while (!lost.empty()) {
    std::unique_ptr<Pending> pending(&lost.back());
    lost.pop_back();
    if (!closed_ && pending->command.idempotent && Clock::now() < pending->deadline) {
      queue_again(std::move(pending));
    } else {
      pending->deadline_place.unlink();
      failed.push_back(std::move(pending));
    }
  }
  lost_.wake();
  const auto self = shared_from_this();
  for (auto pending = failed.rbegin(); pending != failed.rend(); ++pending) {
    fail_later(std::move(*pending), make_error<ConnectionError>(Fate::unknown, why));
  }
  on_down.emit([] {});
}

void Connection::interrupt() {
  if (phase_ == Phase::up) return drop("the connection was interrupted");
  while (!unsent_.empty()) {
    fail_later(take(unsent_.front()),
               make_error<ConnectionError>(Fate::not_executed, "the connection was interrupted"));
  }
}

void Connection::close() {
  if (std::exchange(closed_, true)) return;
  const auto self = shared_from_this();
  if (phase_ == Phase::up) {
    drop(kClosed);
  } else if (transport_) {
    transport_->close();
  }
  resolved_.wake();
  lost_.wake();
  deadline_timer_.cancel();
  for (auto& [address, other] : asked_) other->close();
  asked_.clear();
  while (!unsent_.empty()) {
    std::unique_ptr<Pending> pending(&unsent_.front());
    unsent_.pop_front();
    pending->deadline_place.unlink();
    fail_later(std::move(pending), make_error<ConnectionError>(Fate::not_executed, kClosed));
  }
  unsent_bytes_ = 0;
}

asio::awaitable<void> Connection::drain_and_close() {
  const auto self = shared_from_this();
  const auto until = Clock::now() + options_.command_timeout;
  asio::steady_timer pause(executor_);
  while (!closed_ && phase_ == Phase::up && !(unsent_.empty() && sent_.empty()) && Clock::now() < until) {
    pause.expires_after(std::chrono::milliseconds(1));
    boost::system::error_code ignored;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  close();
}

// ---- Deadlines. Commands with the same timeout fall due in the order of their calls, so a list for each
// timeout is sorted by itself, and one timer waits for the first of all.

void Connection::watch_deadline(Pending& pending) {
  const auto timeout = timeout_of(pending.command, options_);
  auto& queue = deadlines_[timeout];
  auto place = queue.end();
  // Those that are queued again are older than the last ones.
  while (place != queue.begin() && std::prev(place)->deadline > pending.deadline) --place;
  queue.insert(place, pending);
  if (pending.deadline < deadline_armed_) arm_deadlines();
}

void Connection::arm_deadlines() {
  auto first = Clock::time_point::max();
  for (auto entry = deadlines_.begin(); entry != deadlines_.end();) {
    if (entry->second.empty()) {
      entry = deadlines_.erase(entry);
    } else {
      first = std::min(first, entry->second.front().deadline);
      ++entry;
    }
  }
  deadline_armed_ = first;
  if (first == Clock::time_point::max()) return;
  deadline_timer_.expires_at(first);
  deadline_timer_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
    const auto self = weak.lock();
    if (!cancelled && self && !self->closed_) self->on_deadlines();
  });
}

void Connection::on_deadlines() {
  const auto now = Clock::now();
  std::vector<std::unique_ptr<Pending>> late;
  bool dead = false;
  for (auto& [timeout, queue] : deadlines_) {
    while (!queue.empty() && queue.front().deadline <= now) {
      dead = dead || (queue.front().sent && queue.front().command.drop_on_timeout);
      late.push_back(take(queue.front()));
    }
  }
  deadline_armed_ = Clock::time_point::max();
  arm_deadlines();
  const auto self = shared_from_this();
  for (auto& pending : late) {
    const auto timeout = timeout_of(pending->command, options_);
    const std::string waited = std::to_string(timeout.count()) + " ms";
    if (pending->sent) {
      pending->complete(
          make_error<CommandTimeoutError>(Fate::unknown, "Redis did not answer within " + waited), {});
    } else {
      pending->complete(
          make_error<CommandTimeoutError>(
              Fate::not_executed, "no connection to Redis within " + waited +
                                      (last_error_.empty() ? "" : "; the last attempt: " + last_error_)),
          {});
    }
  }
  if (phase_ != Phase::up || closed_) return;
  // A server that answers nothing at all for a whole command timeout is taken for dead: a new connection may
  // find one that lives (a failover, a hung proxy).
  const bool silent =
      !sent_.empty() && !late.empty() && std::any_of(late.begin(), late.end(), [&](const auto& pending) {
        return pending->sent && timeout_of(pending->command, options_) >= options_.command_timeout;
      });
  if (dead || silent) drop("Redis did not answer in time");
}

}  // namespace bullmq::detail

// Commands come in, wait in lists, and leave with an answer or a failure.
#include "redis/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <iterator>

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

constexpr const char* kClosed = "Connection is closed.";
// A query that is the next to be answered whenever the connection breaks is probably what breaks it (its
// answer overruns the server's output buffer, say): it is not sent again for ever.
constexpr unsigned kMaxBroke = 3;

// Stands for a command that nobody waits for any more, and takes the replies that still come for it.
class Shadow final : public Pending {
 public:
  void complete(std::exception_ptr, Reply) override {}
};

template <typename ErrorType, typename... Args>
std::exception_ptr make_error(Args&&... args) {
  return std::make_exception_ptr(ErrorType(std::forward<Args>(args)...));
}

void validate(const ConnectionOptions& options) {
  const auto positive = [](std::chrono::milliseconds value, const char* name) {
    if (value.count() <= 0) {
      throw ValidationError("connection." + std::string(name) + " must be greater than 0 ms, got " +
                            std::to_string(value.count()));
    }
  };
  positive(options.connect_timeout, "connect_timeout");
  positive(options.command_timeout, "command_timeout");
  positive(options.reconnect_min, "reconnect_min");
  if (options.sentinel && options.cluster) {
    throw ValidationError("connection: sentinel and cluster cannot be used together");
  }
  if (options.sentinel && (options.sentinel->sentinels.empty() || options.sentinel->master_name.empty())) {
    throw ValidationError("connection.sentinel needs a master_name and the address of at least one sentinel");
  }
  if (options.cluster && options.cluster->seeds.empty()) {
    throw ValidationError("connection.cluster.seeds needs the address of at least one node");
  }
}

}  // namespace

std::shared_ptr<Connection> Connection::open(asio::any_io_executor executor, ConnectionOptions options,
                                             std::string routing_key) {
  options = resolve_url(std::move(options));
  validate(options);
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
      pause_timer_(executor_),
      deadline_timer_(executor_),
      lost_(executor_),
      resolved_(executor_) {
  if (options_.cluster) slot_ = hash_slot(routing_key_);
}

Connection::~Connection() {
  for (PendingList* list : {&unsent_, &again_, &sent_, &paused_, &elsewhere_}) {
    list->clear_and_dispose([](Pending* pending) { delete pending; });
  }
}

void Connection::claim_slot(const std::string& key) {
  if (!options_.cluster) return;
  if (routing_key_.empty()) {
    routing_key_ = key;
    slot_ = hash_slot(key);
  } else if (slot_ != hash_slot(key)) {
    throw ValidationError("with a cluster, queues share a connection only if their keys are in one slot: " +
                          routing_key_ + " and " + key + " are not; give them the same hash tag");
  }
}

void Connection::submit(std::unique_ptr<Pending> pending) {
  pending->deadline = Clock::now() + timeout_of(pending->command);
  if (closed_)
    return fail_later(std::move(pending), make_error<ConnectionError>(Fate::not_executed, kClosed));
  if (!takes_commands()) {
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
  pending->at = Pending::Place::unsent;
  unsent_.push_back(*pending.release());
  schedule_flush();
}

// An initiating function may not call its handler, a cancelled coroutine must not be resumed inside emit(),
// and whoever is woken may do anything, which is no good in the middle of our own work.
void Connection::fail_later(std::unique_ptr<Pending> pending, std::exception_ptr failure) {
  asio::post(executor_, [pending = std::move(pending), failure = std::move(failure)] {
    pending->complete(failure, {});
  });
}

void Connection::unlink(Pending& pending) {
  switch (std::exchange(pending.at, Pending::Place::nowhere)) {
    case Pending::Place::nowhere:
      break;
    case Pending::Place::unsent:
      unsent_bytes_ -= pending.command.bytes.size();
      unsent_.erase(unsent_.iterator_to(pending));
      break;
    case Pending::Place::again:
      unsent_bytes_ -= pending.command.bytes.size();
      again_.erase(again_.iterator_to(pending));
      break;
    case Pending::Place::sent:
      sent_.erase(sent_.iterator_to(pending));
      break;
    case Pending::Place::paused:
      paused_.erase(paused_.iterator_to(pending));
      break;
    case Pending::Place::elsewhere:
      elsewhere_.erase(elsewhere_.iterator_to(pending));
      break;
  }
}

// Out of the lists, into the hands of who completes it. What was sent leaves a shadow for its replies.
std::unique_ptr<Pending> Connection::take(Pending& pending) {
  if (pending.at == Pending::Place::sent) {
    auto shadow = std::make_unique<Shadow>();
    shadow->at = Pending::Place::sent;
    shadow->replies_left = pending.replies_left;
    sent_.insert(sent_.iterator_to(pending), *shadow.release());
  }
  unlink(pending);
  pending.deadline_place.unlink();
  return std::unique_ptr<Pending>(&pending);
}

void Connection::abandon(Pending& pending) {
  if (pending.at == Pending::Place::nowhere) return;
  const bool may_be_executed = pending.at == Pending::Place::sent || pending.at == Pending::Place::elsewhere;
  fail_later(take(pending), make_error<CancelledError>(may_be_executed ? Fate::unknown : Fate::not_executed));
}

// Its deadline stays as it is.
void Connection::queue_again(Pending& pending) {
  unlink(pending);
  pending.replies_left = pending.command.replies;
  pending.first_error.clear();
  unsent_bytes_ += pending.command.bytes.size();
  pending.at = Pending::Place::again;
  auto place = again_.end();
  while (place != again_.begin() && std::prev(place)->sequence > pending.sequence) --place;
  again_.insert(place, pending);
}

// ---- The connection breaks, or is closed.

void Connection::drop(const std::string& why) {
  const auto self = shared_from_this();
  last_error_ = why;
  phase_ = Phase::connecting;
  following_ = std::exchange(leaving_, false);
  writing_ = false;
  ++epoch_;
  transport_->close();
  if (!sent_.empty()) ++sent_.front().broke;
  PendingList lost;
  lost.swap(sent_);
  while (!lost.empty()) {
    Pending& pending = lost.front();
    lost.pop_front();
    pending.at = Pending::Place::nowhere;
    if (!closed_ && pending.command.idempotent && pending.broke < kMaxBroke) {
      queue_again(pending);
    } else {
      pending.deadline_place.unlink();
      fail_later(std::unique_ptr<Pending>(&pending), make_error<ConnectionError>(Fate::unknown, why));
    }
  }
  lost_.wake();
  on_progress_.emit([] {});
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
  on_progress_.emit([] {});
  deadline_timer_.cancel();
  pause_timer_.cancel();
  while (!elsewhere_.empty()) {
    fail_later(take(elsewhere_.front()), make_error<ConnectionError>(Fate::unknown, kClosed));
  }
  for (auto& [address, other] : asked_) other->close();
  asked_.clear();
  for (PendingList* list : {&paused_, &again_, &unsent_}) {
    while (!list->empty()) {
      fail_later(take(list->front()), make_error<ConnectionError>(Fate::not_executed, kClosed));
    }
  }
}

asio::awaitable<void> Connection::drain_and_close() {
  const auto self = shared_from_this();
  const auto until = Clock::now() + options_.command_timeout;
  Wakeup progress(executor_);
  const auto subscription = on_progress_.subscribe([&progress] { progress.wake(); });
  const auto idle = [this] {
    return sent_.empty() && unsent_.empty() && again_.empty() && paused_.empty() && elsewhere_.empty();
  };
  while (!closed_ && phase_ == Phase::up && !idle() && Clock::now() < until) {
    co_await progress.wait(until);
  }
  close();
}

}  // namespace bullmq::detail

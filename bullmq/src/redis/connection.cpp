// Commands come in, wait in lists, and leave with an answer or a failure.
#include "redis/connection.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "bullmq/connection.hpp"
#include "bullmq/error.hpp"
#include "core/run_detached.hpp"
#include "redis/transport.hpp"

namespace bullmq {

SharedConnection open_connection(Executor executor, ConnectionOptions options) {
  return detail::Connection::open(std::move(executor), std::move(options));
}

}  // namespace bullmq

namespace bullmq::detail {
namespace {

namespace asio = boost::asio;

constexpr const char* kClosed = "Connection is closed.";
// So often the timer of the deadlines is taken back when nothing is waited for any more.
constexpr int kMostRests = 4;
constexpr std::chrono::seconds kRestWindow{1};
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
  run_detached(connection->executor_, supervise(connection));
  Connection* const raw = connection.get();
  return {raw, [connection = std::move(connection)](Connection*) { connection->close(); }};
}

Connection::Connection(asio::any_io_executor executor, ConnectionOptions options, std::string routing_key)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      routing_key_(std::move(routing_key)),
      commands_(options_, options_.cluster ? Multiplexer::Node::of_cluster : Multiplexer::Node::alone),
      pause_timer_(executor_),
      deadline_timer_(executor_),
      lost_(executor_),
      resolved_(executor_) {
  if (options_.cluster) slot_ = hash_slot(routing_key_);
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

template <typename Handler>
struct Connection::PendingOf final : Pending {
  explicit PendingOf(Handler h) : handler(std::move(h)) {}
  void complete(std::exception_ptr failure, Reply reply) override {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) slot.clear();
    // Moved out first: whoever is woken may destroy everything that it can reach.
    auto local = std::move(handler);
    local(std::move(failure), std::move(reply));
  }
  Handler handler;
};

template <typename Handler>
void Connection::Initiation::operator()(Handler&& handler, Command command) const {
  auto pending = std::make_unique<PendingOf<std::decay_t<Handler>>>(std::forward<Handler>(handler));
  pending->replies_left = command.replies;
  pending->command = std::move(command);
  auto slot = asio::get_associated_cancellation_slot(pending->handler);
  if (slot.is_connected()) {
    slot.assign([self = connection->weak_from_this(), raw = pending.get()](asio::cancellation_type) {
      if (const auto strong = self.lock()) strong->cancel(*raw);
    });
  }
  connection->submit(std::move(pending));
}

asio::awaitable<Reply> Connection::execute(Command command) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr, Reply)>(
      Initiation{this}, asio::use_awaitable, std::move(command));
}

void Connection::submit(std::unique_ptr<Pending> pending) {
  Multiplexer::Refusal refusal;
  refusal.is_closed = is_closed();
  if (!refusal.is_closed && !takes_commands()) {
    refusal.is_away = true;
    refusal.last_error = life_.last_error();
  }
  if (auto refused = commands_.submit(std::move(pending), refusal, Clock::now()))
    return complete_later(std::move(*refused));
  watch_new_deadlines();
  schedule_flush();
}

void Connection::cancel(Pending& pending) {
  if (auto cancelled = commands_.cancel(pending)) complete_later(std::move(*cancelled));
}

// An initiating function may not call its handler, a cancelled coroutine must not be resumed inside emit(),
// and whoever is woken may do anything, which is no good in the middle of our own work.
void Connection::complete_later(Completion completion) {
  asio::post(executor_, [completion = std::move(completion)]() mutable {
    completion.pending->complete(std::move(completion.failure), std::move(completion.reply));
  });
}

void Connection::complete_later(std::vector<Completion> completions) {
  for (Completion& completion : completions) complete_later(std::move(completion));
}

void Connection::watch_new_deadlines() {
  if (commands_.take_soonest_new_deadline() < deadline_armed_) arm_deadlines();
}

void Connection::arm_deadlines() {
  deadline_armed_ = commands_.next_deadline();
  if (deadline_armed_ == Instant::max()) return;
  deadline_timer_.expires_at(deadline_armed_);
  deadline_timer_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
    const auto self = weak.lock();
    if (!cancelled && self && !self->is_closed()) self->on_deadlines();
  });
}

// The timer of what has been answered would wake an idle process for nothing. Where commands come one after
// the other it is left alone, which costs less than a timer for each of them. Asio sets its one clock of the
// kernel anew only when a timer is over: so this one is over now, before the process goes to sleep.
void Connection::rest_deadlines() {
  if (deadline_armed_ == Instant::max()) return;
  if (last_heard_ >= rests_since_ + kRestWindow) {
    rests_since_ = last_heard_;
    rests_ = 0;
  }
  if (rests_ == kMostRests) return;
  ++rests_;
  deadline_armed_ = Instant::max();
  deadline_timer_.expires_at(Instant::min());
  deadline_timer_.async_wait([](boost::system::error_code) {});
}

void Connection::on_deadlines() {
  const auto self = shared_from_this();
  Multiplexer::Late late = commands_.expire(Clock::now(), last_heard_, is_up(), life_.last_error());
  complete_later(std::move(late.completions));
  arm_deadlines();
  on_progress_.emit([] {});
  if (late.is_dead && is_up()) drop("Redis did not answer in time");
}

void Connection::drop(const std::string& why) {
  const auto self = shared_from_this();
  life_.lost(why, Clock::now());
  writing_ = false;
  transport_->close();
  complete_later(commands_.on_lost(why, is_closed()));
  lost_.wake();
  on_progress_.emit([] {});
  on_down.emit([] {});
}

void Connection::interrupt() {
  constexpr const char* kInterrupted = "the connection was interrupted";
  if (is_up()) return drop(kInterrupted);
  complete_later(commands_.fail_unsent(kInterrupted));
}

void Connection::close() {
  if (is_closed()) return;
  const auto self = shared_from_this();
  const bool was_up = is_up();
  life_.close();
  if (transport_) transport_->close();
  complete_later(commands_.close(kClosed));
  if (was_up) on_down.emit([] {});
  resolved_.wake();
  lost_.wake();
  on_progress_.emit([] {});
  deadline_timer_.cancel();
  pause_timer_.cancel();
  close_other_nodes();
}

asio::awaitable<void> Connection::drain_and_close() {
  const auto self = shared_from_this();
  const auto until = Clock::now() + options_.command_timeout;
  Wakeup progress(executor_);
  const auto subscription = on_progress_.subscribe([&progress] { progress.wake(); });
  while (is_up() && !commands_.is_idle() && Clock::now() < until) co_await progress.wait(until);
  close();
}

}  // namespace bullmq::detail

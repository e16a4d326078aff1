#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bullmq/connection_options.hpp"
#include "bullmq/signal.hpp"
#include "redis/command.hpp"
#include "redis/endpoint.hpp"
#include "redis/handshake.hpp"
#include "redis/pending.hpp"
#include "redis/reply.hpp"
#include "redis/reply_reader.hpp"
#include "redis/transport.hpp"
#include "redis/wakeup.hpp"

namespace bullmq::detail {

// One connection to Redis, kept open for ever: commands of any number of coroutines go out in the order of
// their calls, as many in one write as have come together, and answers come back in that order.
//
//   connecting --handshake ok--> up --error, silence, READONLY, MOVED--> connecting
//
// What happens to a command (docs/bullmq/connections.md):
//   - not sent when the connection breaks: it waits for the next connection, until its deadline
//   - sent and not answered: ConnectionError with Fate::unknown; sent again if it is idempotent
//   - answered NOSCRIPT, MOVED, ASK, TRYAGAIN, READONLY: it was not executed, and is sent again as it has to
//   be
//   - answered with any other error: RedisError
//   - cancelled: CancelledError at once; if it was sent, Redis may execute it all the same
//
// One thread or strand: its executor's. Members that users may call while it calls them: all. The executor's
// context has to outlive it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `routing_key`: with a cluster, the connection goes to the node of this key's slot. The connection closes
  // when the last copy of the returned pointer has gone. Throws ValidationError for options that make no
  // sense.
  [[nodiscard]] static std::shared_ptr<Connection> open(boost::asio::any_io_executor executor,
                                                        ConnectionOptions options,
                                                        std::string routing_key = {});
  ~Connection();

  [[nodiscard]] boost::asio::awaitable<Reply> execute(Command command) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(std::exception_ptr, Reply)>(
        Initiation{this}, boost::asio::use_awaitable, std::move(command));
  }

  // Returns when the connection is up; throws CommandTimeoutError after the command timeout.
  [[nodiscard]] boost::asio::awaitable<void> wait_until_up();
  [[nodiscard]] bool is_up() const noexcept { return phase_ == Phase::up; }
  // Whether a command may be tried or wait now; without offline_queue not while Redis is away.
  [[nodiscard]] bool takes_commands() const noexcept {
    return phase_ == Phase::up || options_.offline_queue || following_;
  }

  // Breaks the connection; it is made again. What waits for a connection fails. For a blocking read that has
  // to end.
  void interrupt();
  // Whatever waits gets ConnectionError("Connection is closed."). Nothing works afterwards.
  void close();
  [[nodiscard]] bool is_closed() const noexcept { return closed_; }
  // Waits for what is on its way, at most for the command timeout, then closes. Closes at once when there is
  // no connection.
  [[nodiscard]] boost::asio::awaitable<void> drain_and_close();

  // With a cluster, a connection serves the keys of one slot: that of its routing key or, without one, of the
  // first key that is given here. Throws ValidationError for a key of another slot.
  void claim_slot(const std::string& key);

  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
  [[nodiscard]] const ConnectionOptions& options() const noexcept { return options_; }
  // Zeros before the first connection.
  [[nodiscard]] ServerVersion server_version() const noexcept { return server_.version; }
  // Of CLIENT ID; 0 when not connected or not told.
  [[nodiscard]] std::int64_t client_id() const noexcept {
    return phase_ == Phase::up ? server_.client_id : 0;
  }
  // How often it came up.
  [[nodiscard]] std::uint64_t times_up() const noexcept { return times_up_; }

  Signal<> on_up;
  Signal<> on_down;
  Signal<const std::exception&> on_error;

 private:
  enum class Phase { connecting, up };
  using Clock = std::chrono::steady_clock;
  using Instant = Clock::time_point;

  template <typename Handler>
  struct PendingOf;
  struct Initiation {
    Connection* connection;
    template <typename Handler>
    void operator()(Handler&& handler, Command command) const;
  };

  Connection(boost::asio::any_io_executor executor, ConnectionOptions options, std::string routing_key);

  // Commands come in, and leave (connection.cpp).
  void submit(std::unique_ptr<Pending> pending);
  void fail_later(std::unique_ptr<Pending> pending, std::exception_ptr failure);
  void unlink(Pending& pending);
  [[nodiscard]] std::unique_ptr<Pending> take(Pending& pending);
  void queue_again(Pending& pending);
  void abandon(Pending& pending);
  void drop(const std::string& why);

  // The life of the connection (connection_lifecycle.cpp).
  static boost::asio::awaitable<void> supervise(std::shared_ptr<Connection> self);
  [[nodiscard]] boost::asio::awaitable<std::string> try_to_connect();
  boost::asio::awaitable<void> pause_before_attempt(unsigned failures);
  void came_up();
  boost::asio::awaitable<void> connect_once(Instant until);
  boost::asio::awaitable<void> connect_to(RedisAddress address, Instant until);
  boost::asio::awaitable<std::vector<boost::asio::ip::tcp::endpoint>> resolve(RedisAddress address,
                                                                              Instant until);
  boost::asio::awaitable<void> connect_unix();
  boost::asio::awaitable<void> start_tls(RedisAddress address);
  boost::asio::awaitable<void> handshake();
  boost::asio::awaitable<std::vector<Reply>> converse(std::string bytes, std::size_t replies);

  // Whom to connect to (connection_discovery.cpp).
  boost::asio::awaitable<RedisAddress> ask_sentinels(Instant until);
  boost::asio::awaitable<RedisAddress> ask_cluster(Instant until);
  boost::asio::awaitable<Reply> ask_once(RedisAddress address, std::string username, std::string password,
                                         Command question, Instant until);

  // The traffic (connection_traffic.cpp).
  void schedule_flush();
  void flush();
  void append(Pending& pending, std::string& out);
  void write_some();
  void read_some();
  void on_read(std::size_t count);
  void deliver();
  void on_reply(Reply reply);
  // The answers that mean "not executed, and it is known what to do" (connection_redirects.cpp).
  [[nodiscard]] bool handle_refusal(Pending& pending, const std::string& error);
  [[nodiscard]] bool load_script(Pending& pending);
  void pause(Pending& pending);
  void follow_ask(Pending& pending, RedisAddress address);
  static boost::asio::awaitable<void> execute_elsewhere(std::weak_ptr<Connection> self,
                                                        std::shared_ptr<Connection> other,
                                                        std::uint64_t sequence, Command command);
  void came_back(std::uint64_t sequence, std::exception_ptr failure, Reply reply);

  // Deadlines (connection_deadlines.cpp).
  [[nodiscard]] std::chrono::milliseconds timeout_of(const Command& command) const {
    return command.timeout.value_or(options_.command_timeout);
  }
  void watch_deadline(Pending& pending);
  void arm_deadlines();
  void on_deadlines();
  [[nodiscard]] std::exception_ptr lateness(const Pending& pending, bool was_sent) const;

  boost::asio::any_io_executor executor_;
  ConnectionOptions options_;
  std::string routing_key_;
  std::optional<std::uint16_t> slot_;

  Phase phase_ = Phase::connecting;
  bool closed_ = false;
  bool connect_expired_ = false;
  // No more is sent: when the answers that are due have come, the connection is dropped.
  bool leaving_ = false;
  // On the way to where the last server sent us, until the first attempt has failed.
  bool following_ = false;
  // Differs from what an operation has noted when the operation belongs to a connection that is no more.
  std::uint64_t epoch_ = 0;
  std::uint64_t times_up_ = 0;
  std::shared_ptr<Transport> transport_;
  std::optional<ReplyReader> reader_;
  Instant last_heard_;
  bool flush_scheduled_ = false;
  bool writing_ = false;

  std::uint64_t last_sequence_ = 0;
  std::uint64_t last_sent_ = 0;
  PendingList unsent_;
  PendingList again_;
  // Of both.
  std::size_t unsent_bytes_ = 0;
  PendingList sent_;
  PendingList paused_;
  PendingList elsewhere_;
  boost::asio::steady_timer pause_timer_;
  // The scripts whose text was sent on this connection, and when (Pending::sent_as).
  std::unordered_map<const Script*, std::uint64_t> texts_sent_;
  std::map<std::chrono::milliseconds, DeadlineList> deadlines_;
  boost::asio::steady_timer deadline_timer_;
  Instant deadline_armed_ = Instant::max();

  Wakeup lost_;
  Wakeup resolved_;
  // Something has left the lists, or the connection broke. For those who wait for the end of all.
  Signal<> on_progress_;
  std::string last_error_;
  // What an attempt to connect is doing, for the message when its time is up.
  std::string step_;
  std::optional<RedisAddress> redirect_;
  std::string connected_host_;
  // Which sentinel or seed is asked first: another one after each failure.
  std::size_t first_to_ask_ = 0;
  std::map<std::string, std::shared_ptr<Connection>> asked_;
  HandshakeResult server_;
  std::minstd_rand random_{std::random_device{}()};
};

template <typename Handler>
struct Connection::PendingOf final : Pending {
  explicit PendingOf(Handler h) : handler(std::move(h)) {}
  void complete(std::exception_ptr failure, Reply reply) override {
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
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
  auto slot = boost::asio::get_associated_cancellation_slot(pending->handler);
  if (slot.is_connected()) {
    slot.assign([self = connection->weak_from_this(), raw = pending.get()](boost::asio::cancellation_type) {
      if (const auto strong = self.lock()) strong->abandon(*raw);
    });
  }
  connection->submit(std::move(pending));
}

}  // namespace bullmq::detail

#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/intrusive/link_mode.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bullmq/connection_options.hpp"
#include "bullmq/signal.hpp"
#include "redis/command.hpp"
#include "redis/endpoint.hpp"
#include "redis/handshake.hpp"
#include "redis/reply.hpp"
#include "redis/reply_reader.hpp"
#include "redis/transport.hpp"
#include "redis/wakeup.hpp"

namespace bullmq::detail {

// A command on its way: in the list of unsent ones, then in that of sent ones.
class Pending {
 public:
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  virtual ~Pending() = default;

  // The answer or the failure, to whoever waits. At most once.
  virtual void complete(std::exception_ptr failure, Reply reply) = 0;

  Command command;
  std::chrono::steady_clock::time_point deadline;
  bool sent = false;
  // In the order of the calls.
  std::uint64_t sequence = 0;
  // The script's text is sent from now on.
  bool as_text = false;
  std::size_t replies_left = 1;
  // The first error among the replies before the last one: why a transaction was refused.
  std::string first_error;

  boost::intrusive::list_member_hook<> place;
  boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>
      deadline_place;

 protected:
  Pending() = default;
};

// One connection to Redis, kept open for ever: commands of any number of coroutines go out in the order of
// their calls, as many in one write as have come together, and answers come back in that order.
//
//   connecting --handshake ok--> up --error, silence, READONLY, MOVED--> connecting
//
// What happens to a command:
//   - not sent when the connection breaks: it waits for the next connection, until its deadline
//   - sent and not answered: ConnectionError with Fate::unknown; sent again if it is idempotent
//   - answered NOSCRIPT, MOVED, ASK, TRYAGAIN, READONLY: it was not executed, and is sent again as it has to
//   be
//   - answered with any other error: RedisError
// One thread or strand: its executor's. Members that users may call while it calls them: all.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `routing_key`: with a cluster, the connection goes to the node of this key's slot. The connection closes
  // when the last copy of the returned pointer has gone.
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

  // Breaks the connection; it is made again. What waits for a connection fails. For a blocking read that has
  // to end.
  void interrupt();
  // Whatever waits gets ConnectionError("Connection is closed."). Nothing works afterwards.
  void close();
  [[nodiscard]] bool is_closed() const noexcept { return closed_; }
  // Waits for what is on its way, at most for the command timeout, then closes.
  [[nodiscard]] boost::asio::awaitable<void> drain_and_close();

  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
  [[nodiscard]] const ConnectionOptions& options() const noexcept { return options_; }
  // Zeros before the first connection.
  [[nodiscard]] ServerVersion server_version() const noexcept { return server_.version; }
  // Of CLIENT ID; 0 when not connected or not told.
  [[nodiscard]] std::int64_t client_id() const noexcept {
    return phase_ == Phase::up ? server_.client_id : 0;
  }
  // How often it came up.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

  Signal<> on_up;
  Signal<> on_down;
  Signal<const std::exception&> on_error;

 private:
  enum class Phase { connecting, up };
  using Clock = std::chrono::steady_clock;
  using Queue = boost::intrusive::list<
      Pending, boost::intrusive::member_hook<Pending, boost::intrusive::list_member_hook<>, &Pending::place>>;
  using DeadlineQueue = boost::intrusive::list<
      Pending,
      boost::intrusive::member_hook<
          Pending,
          boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>,
          &Pending::deadline_place>,
      boost::intrusive::constant_time_size<false>>;

  template <typename Handler>
  struct PendingOf;
  struct Initiation {
    Connection* connection;
    template <typename Handler>
    void operator()(Handler&& handler, Command command) const;
  };

  Connection(boost::asio::any_io_executor executor, ConnectionOptions options, std::string routing_key);
  void submit(std::unique_ptr<Pending> pending);

  // The life of the connection (connection_lifecycle.cpp).
  static boost::asio::awaitable<void> supervise(std::shared_ptr<Connection> self);
  boost::asio::awaitable<void> connect_once();
  boost::asio::awaitable<void> connect_to(RedisAddress address);
  boost::asio::awaitable<std::vector<boost::asio::ip::tcp::endpoint>> resolve(RedisAddress address);
  boost::asio::awaitable<void> connect_unix();
  boost::asio::awaitable<void> handshake();
  boost::asio::awaitable<RedisAddress> ask_sentinels();
  boost::asio::awaitable<RedisAddress> ask_cluster();
  boost::asio::awaitable<Reply> ask_once(RedisAddress address, std::string username, std::string password,
                                         Command question);
  boost::asio::awaitable<std::vector<Reply>> converse(std::string bytes, std::size_t replies);

  // The traffic (connection.cpp).
  void came_up();
  void schedule_flush();
  void flush();
  void write_some();
  void read_some();
  void on_bytes(std::size_t count);
  void on_reply(Reply reply);
  [[nodiscard]] bool handle_redirection(std::unique_ptr<Pending>& pending, std::string_view error);
  void follow_ask(std::unique_ptr<Pending> pending, RedisAddress address);
  void drop(const std::string& why);
  [[nodiscard]] static std::chrono::milliseconds timeout_of(const Command& command,
                                                            const ConnectionOptions& options) {
    return command.timeout.value_or(options.command_timeout);
  }
  void fail_later(std::unique_ptr<Pending> pending, std::exception_ptr failure);
  [[nodiscard]] std::unique_ptr<Pending> take(Pending& pending);
  void queue_again(std::unique_ptr<Pending> pending);
  void watch_deadline(Pending& pending);
  void arm_deadlines();
  void on_deadlines();
  void abandon(Pending& pending);
  void report(const std::exception& error);
  [[nodiscard]] double random();

  boost::asio::any_io_executor executor_;
  ConnectionOptions options_;
  std::string routing_key_;
  std::optional<std::uint16_t> slot_;

  Phase phase_ = Phase::connecting;
  bool closed_ = false;
  bool connect_expired_ = false;
  // No more is sent: when the answers that are due have come, the connection is dropped.
  bool leaving_ = false;
  std::uint64_t generation_ = 0;
  std::shared_ptr<Transport> transport_;
  std::optional<ReplyReader> reader_;
  std::vector<char> read_buffer_;
  std::string write_buffer_;
  std::size_t written_ = 0;
  bool flush_scheduled_ = false;
  bool writing_ = false;

  std::uint64_t last_sequence_ = 0;
  Queue unsent_;
  std::size_t unsent_bytes_ = 0;
  Queue sent_;
  std::map<std::chrono::milliseconds, DeadlineQueue> deadlines_;
  boost::asio::steady_timer deadline_timer_;
  Clock::time_point deadline_armed_ = Clock::time_point::max();

  Wakeup lost_;
  Wakeup resolved_;
  std::string last_error_;
  std::optional<RedisAddress> redirect_;
  std::string connected_host_;
  std::map<std::string, std::shared_ptr<Connection>> asked_;
  HandshakeResult server_;
  std::mt19937 random_{std::random_device{}()};
};

// Redis' error as an exception.
[[nodiscard]] std::exception_ptr redis_error(const std::string& message);

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

#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
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
#include "redis/connection_life.hpp"
#include "redis/endpoint.hpp"
#include "redis/handshake.hpp"
#include "redis/multiplexer.hpp"
#include "redis/pending.hpp"
#include "redis/reply.hpp"
#include "redis/reply_reader.hpp"
#include "redis/wakeup.hpp"

namespace bullmq::detail {

class Transport;

// One connection to Redis, kept open for ever: commands of any number of coroutines go out in the order of
// their calls, as many in one write as have come together, and answers come back in that order.
//
// Two machines without I/O decide: Multiplexer, what becomes of commands, and ConnectionLife, when and to
// whom it connects. The connection carries out what they say.
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

  [[nodiscard]] boost::asio::awaitable<Reply> execute(Command command);

  // Returns when the connection is up; throws CommandTimeoutError after the command timeout.
  [[nodiscard]] boost::asio::awaitable<void> wait_until_up();
  [[nodiscard]] bool is_up() const noexcept { return life_.is_up(); }
  // Whether a command may be tried or wait now; without offline_queue not while Redis is away.
  [[nodiscard]] bool takes_commands() const noexcept { return life_.takes_commands(options_.offline_queue); }

  // Breaks the connection; it is made again. What waits for a connection fails. For a blocking read that has
  // to end.
  void interrupt();
  // Whatever waits gets ConnectionError("Connection is closed."). Nothing works afterwards.
  void close();
  [[nodiscard]] bool is_closed() const noexcept { return life_.is_closed(); }
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
  // What CLIENT ID said; 0 while there is no connection, or nothing was said.
  [[nodiscard]] std::int64_t client_id() const noexcept { return is_up() ? server_.client_id : 0; }
  // How often it came up.
  [[nodiscard]] std::uint64_t times_up() const noexcept { return life_.times_up(); }

  Signal<> on_up;
  Signal<> on_down;
  Signal<const std::exception&> on_error;

 private:
  using Clock = std::chrono::steady_clock;
  using Instant = Clock::time_point;
  struct ResolvedName;

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
  void cancel(Pending& pending);
  void complete_later(Completion completion);
  void complete_later(std::vector<Completion> completions);
  void drop(const std::string& why);

  // The life of the connection (connection_lifecycle.cpp).
  static boost::asio::awaitable<void> supervise(std::shared_ptr<Connection> self);
  [[nodiscard]] boost::asio::awaitable<std::string> try_to_connect();
  boost::asio::awaitable<void> pause_before_attempt(unsigned failures);
  void came_up();
  boost::asio::awaitable<void> connect_once(Instant until);
  boost::asio::awaitable<void> connect_to(RedisAddress address, Instant until);
  boost::asio::awaitable<ResolvedName> resolve(RedisAddress address, Instant until);
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
  void write_some();
  void read_some();
  void on_read(std::size_t count);
  void deliver();
  void carry_out(AnswerMeaning meaning);

  // What another moment or another node has to do (connection_redirects.cpp).
  void start_pause();
  void ask_another(const AskAnother& other);
  static boost::asio::awaitable<void> execute_elsewhere(std::weak_ptr<Connection> self,
                                                        std::shared_ptr<Connection> other,
                                                        std::uint64_t sequence, Command command);
  void came_back(std::uint64_t sequence, std::exception_ptr failure, Reply reply);
  void close_other_nodes();

  // One timer for all commands: it waits for the deadline of the oldest, so commands that are answered in
  // time cost it nothing (connection.cpp).
  void watch_new_deadlines();
  void arm_deadlines();
  void rest_deadlines();
  void on_deadlines();

  boost::asio::any_io_executor executor_;
  ConnectionOptions options_;
  std::string routing_key_;
  std::optional<std::uint16_t> slot_;

  ConnectionLife life_;
  Multiplexer commands_;
  // The attempt to connect has taken as long as it may.
  bool connect_expired_ = false;
  std::shared_ptr<Transport> transport_;
  std::optional<ReplyReader> reader_;
  Instant last_heard_;
  bool flush_scheduled_ = false;
  bool writing_ = false;
  boost::asio::steady_timer pause_timer_;
  boost::asio::steady_timer deadline_timer_;
  Instant deadline_armed_ = Instant::max();
  Instant rests_since_ = Instant::min();
  int rests_ = 0;  // of the timer, in the window that began then

  Wakeup lost_;
  Wakeup resolved_;
  // Something has left the lists, or the connection broke. For those who wait for the end of all.
  Signal<> on_progress_;
  // What an attempt to connect is doing, for the message when its time is up.
  std::string step_;
  std::string connected_host_;
  std::map<std::string, std::shared_ptr<Connection>> asked_;
  HandshakeResult server_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace bullmq::detail

// How a connection comes up: find the server, connect, shake hands; and again when it was lost.
#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "bullmq/error.hpp"
#include "redis/connection.hpp"
#include "redis/reconnect_delay.hpp"
#include "redis/transport.hpp"
#include "redis/watchdog.hpp"

namespace bullmq::detail {
namespace {

namespace asio = boost::asio;
using asio::use_awaitable;

}  // namespace

asio::awaitable<void> Connection::supervise(std::shared_ptr<Connection> self) {
  while (!self->is_closed()) {
    std::string failed = co_await self->try_to_connect();
    if (self->is_closed()) break;
    if (failed.empty()) {
      self->came_up();
      while (self->is_up()) co_await self->lost_.wait();
    } else {
      self->life_.attempt_failed(failed);
      self->on_error.emit([] {}, ConnectionError(Fate::not_executed, failed));
    }
    const unsigned failures = self->life_.failures_to_pause_for();
    if (failures > 0) co_await self->pause_before_attempt(failures);
  }
}

asio::awaitable<void> Connection::pause_before_attempt(unsigned failures) {
  const double random = std::uniform_real_distribution<double>(0, 1)(random_);
  const auto until =
      Clock::now() + reconnect_delay(options_.reconnect_min, options_.reconnect_max, failures, random);
  while (!is_closed() && Clock::now() < until) co_await lost_.wait(until);
}

// Returns why it failed; empty when it did not.
asio::awaitable<std::string> Connection::try_to_connect() {
  connect_expired_ = false;
  step_.clear();
  const auto until = Clock::now() + options_.connect_timeout;
  std::string why;
  {
    // One deadline for all of it, also for what Asio cannot cancel (a name lookup in progress).
    const Watchdog guard(executor_, until, [this] {
      connect_expired_ = true;
      resolved_.wake();
      if (transport_) transport_->close();
    });
    try {
      co_await connect_once(until);
      if (!connect_expired_ && !is_closed()) co_return why;
      why = "closed";
    } catch (const boost::system::system_error& error) {
      why = step_ + ": " + error.code().message();
    } catch (const std::exception& error) {
      why = error.what();
    }
  }
  if (connect_expired_) {
    why = "no connection within connect_timeout (" + std::to_string(options_.connect_timeout.count()) +
          " ms), " + step_;
  }
  if (transport_) transport_->close();
  co_return why;
}

void Connection::came_up() {
  life_.came_up(Clock::now());
  commands_.on_connected();
  writing_ = false;
  last_heard_ = Clock::now();
  if (!commands_.has_elsewhere()) close_other_nodes();
  read_some();
  schedule_flush();
  on_up.emit([] {});
}

asio::awaitable<void> Connection::connect_once(Instant until) {
  const ConnectionTarget target = life_.target(options_);
  if (std::holds_alternative<ToSocket>(target)) {
    co_await connect_unix();
  } else if (std::holds_alternative<ToPrimaryOfSentinels>(target)) {
    RedisAddress primary = co_await ask_sentinels(until);
    co_await connect_to(std::move(primary), until);
  } else if (std::holds_alternative<ToSlotOwner>(target)) {
    RedisAddress owner = co_await ask_cluster(until);
    co_await connect_to(std::move(owner), until);
  } else {
    co_await connect_to(std::get<ToAddress>(target).address, until);
  }
  co_await handshake();
}

asio::awaitable<void> Connection::connect_unix() {
  step_ = "connecting to the socket " + options_.unix_socket;
  transport_ = std::make_shared<Transport>(executor_);
  reader_.emplace(options_.max_reply_bytes);
  connected_host_.clear();
  const asio::local::stream_protocol::endpoint endpoint(options_.unix_socket);
  boost::system::error_code failed;
  co_await transport_->socket().async_connect(endpoint, asio::redirect_error(use_awaitable, failed));
  if (failed) {
    throw ConnectionError(Fate::not_executed,
                          "cannot connect to the socket " + options_.unix_socket + ": " + failed.message());
  }
}

struct Connection::ResolvedName {
  // No aggregate: see Command.
  ResolvedName() = default;
  std::vector<asio::ip::tcp::endpoint> endpoints;
};

asio::awaitable<Connection::ResolvedName> Connection::resolve(RedisAddress address, Instant until) {
  ResolvedName name;
  boost::system::error_code not_numeric;
  const auto numeric = asio::ip::make_address(address.host, not_numeric);
  if (!not_numeric) {
    name.endpoints.emplace_back(numeric, address.port);
    co_return name;
  }
  step_ = "resolving " + address.host;
  // A lookup that hangs cannot be cancelled, so the answer goes to a place that outlives our waiting for it.
  struct Lookup {
    asio::ip::tcp::resolver resolver;
    bool done = false;
    boost::system::error_code failed;
    std::vector<asio::ip::tcp::endpoint> endpoints;
  };
  const auto lookup = std::make_shared<Lookup>(Lookup{asio::ip::tcp::resolver(executor_), false, {}, {}});
  lookup->resolver.async_resolve(
      address.host, std::to_string(address.port),
      [lookup, weak = weak_from_this()](boost::system::error_code failed,
                                        const asio::ip::tcp::resolver::results_type& results) {
        lookup->done = true;
        lookup->failed = failed;
        for (const auto& result : results) lookup->endpoints.push_back(result.endpoint());
        if (const auto self = weak.lock()) self->resolved_.wake();
      });
  while (!lookup->done && !is_closed() && !connect_expired_ && Clock::now() < until) {
    co_await resolved_.wait(until);
  }
  if (!lookup->done) {
    // It may still wait for its turn behind one that hangs.
    lookup->resolver.cancel();
    throw ConnectionError(Fate::not_executed, "the name " + address.host + " was not resolved in time");
  }
  if (lookup->failed) {
    throw ConnectionError(Fate::not_executed,
                          "cannot resolve " + address.host + ": " + lookup->failed.message());
  }
  name.endpoints = lookup->endpoints;
  co_return name;
}

// One of several addresses that swallows everything leaves time for the others.
asio::awaitable<void> Connection::connect_to(RedisAddress address, Instant until) {
  connected_host_ = address.host;
  const ResolvedName name = co_await resolve(address, until);
  const auto& endpoints = name.endpoints;
  std::string why = "the name has no address";
  for (std::size_t i = 0; i < endpoints.size() && !is_closed() && !connect_expired_; ++i) {
    step_ = "connecting to " + to_string(address);
    transport_ = std::make_shared<Transport>(executor_);
    reader_.emplace(options_.max_reply_bytes);
    const auto share = (until - Clock::now()) / static_cast<int>(endpoints.size() - i);
    bool expired = false;
    boost::system::error_code failed;
    {
      const Watchdog guard(executor_, Clock::now() + share, [&expired, transport = transport_] {
        expired = true;
        transport->close();
      });
      co_await transport_->socket().async_connect(endpoints[i], asio::redirect_error(use_awaitable, failed));
    }
    if (failed || expired) {
      why = expired ? "no answer" : failed.message();
      continue;
    }
    transport_->tune(options_);
    if (options_.tls) co_await start_tls(address);
    co_return;
  }
  throw ConnectionError(Fate::not_executed, "cannot connect to " + to_string(address) + ": " + why);
}

asio::awaitable<void> Connection::start_tls(RedisAddress address) {
  step_ = "in the TLS handshake with " + to_string(address);
  transport_->use_tls(*options_.tls, address.host);
  boost::system::error_code failed;
  co_await transport_->tls()->async_handshake(asio::ssl::stream_base::client,
                                              asio::redirect_error(use_awaitable, failed));
  if (failed) {
    throw ConnectionError(Fate::not_executed,
                          "TLS with " + to_string(address) + " failed: " + transport_->tls_failure(failed));
  }
}

asio::awaitable<std::vector<Reply>> Connection::converse(std::string bytes, std::size_t replies) {
  const auto transport = transport_;
  transport->outgoing = std::move(bytes);
  transport->written = 0;
  while (transport->written < transport->outgoing.size()) {
    const std::size_t count = co_await asio::async_initiate<const asio::use_awaitable_t<>,
                                                            void(boost::system::error_code, std::size_t)>(
        [](auto handler, Transport* to) {
          to->async_write_some(
              asio::buffer(to->outgoing.data() + to->written, to->outgoing.size() - to->written),
              std::move(handler));
        },
        use_awaitable, transport.get());
    transport->written += count;
  }
  std::vector<Reply> answers;
  while (answers.size() < replies) {
    auto reply = reader_->next();
    if (reply) {
      answers.push_back(std::move(*reply));
      continue;
    }
    boost::system::error_code failed;
    auto token = asio::redirect_error(use_awaitable, failed);
    const std::size_t count =
        co_await asio::async_initiate<decltype(token), void(boost::system::error_code, std::size_t)>(
            [](auto handler, Transport* from) {
              from->async_read_some(asio::buffer(from->incoming), std::move(handler));
            },
            token, transport.get());
    if (failed) {
      // "max number of clients reached" and the like: an error, and the end.
      if (!answers.empty() && answers.front().is_error()) throw RedisError(answers.front().text);
      throw boost::system::system_error(failed);
    }
    reader_->feed({transport->incoming.data(), count});
  }
  co_return answers;
}

asio::awaitable<void> Connection::handshake() {
  step_ = "in the handshake with " +
          (options_.unix_socket.empty() ? connected_host_ : "the server at " + options_.unix_socket);
  ConnectionOptions said = options_;
  if (options_.cluster) said.database = 0;
  const Handshake greeting = make_handshake(said);
  const auto replies = co_await converse(greeting.bytes, greeting.steps.size());
  server_ = judge_handshake(greeting, replies, options_);
}

asio::awaitable<void> Connection::wait_until_up() {
  if (is_up()) co_return;
  Command ping = make_query("PING");
  co_await execute(std::move(ping));
}

}  // namespace bullmq::detail

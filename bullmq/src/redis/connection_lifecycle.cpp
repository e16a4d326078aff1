// How a connection comes up: find the server, connect, shake hands; and again when it was lost.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "bullmq/error.hpp"
#include "redis/connection.hpp"
#include "redis/reconnect_delay.hpp"

namespace bullmq::detail {
namespace {

namespace asio = boost::asio;
using asio::use_awaitable;

constexpr std::chrono::seconds kShortLife{1};
// One that came up and broke soon is no failed attempt: the pauses stay at the third's.
constexpr unsigned kShortLifeFailures = 3;

}  // namespace

asio::awaitable<void> Connection::supervise(std::shared_ptr<Connection> self) {
  const std::weak_ptr<Connection> weak = self;
  unsigned failures = 0;
  while (!self->closed_) {
    bool failed = false;
    std::string why;
    {
      // One deadline for all of it, also for what Asio cannot cancel (a name lookup in progress).
      asio::steady_timer guard(self->executor_, self->options_.connect_timeout);
      self->connect_expired_ = false;
      guard.async_wait([weak](boost::system::error_code cancelled) {
        const auto connection = weak.lock();
        if (cancelled || !connection || connection->phase_ == Phase::up) return;
        connection->connect_expired_ = true;
        connection->resolved_.wake();
        if (connection->transport_) connection->transport_->close();
      });
      try {
        co_await self->connect_once();
      } catch (const std::exception& error) {
        failed = true;
        why = self->connect_expired_ ? "no connection within connect_timeout (" +
                                           std::to_string(self->options_.connect_timeout.count()) + " ms)"
                                     : error.what();
      }
    }
    if (self->closed_) break;
    if (failed) {
      ++failures;
      if (self->transport_) self->transport_->close();
      self->last_error_ = why;
      // A node that the cluster sent us to and that is not there: ask again where to go.
      self->redirect_.reset();
      self->report(ConnectionError(Fate::not_executed, why));
      if (self->closed_) break;
      const auto pause = reconnect_delay(self->options_.reconnect_min, self->options_.reconnect_max, failures,
                                         self->random());
      co_await self->lost_.wait(std::chrono::steady_clock::now() + pause);
      continue;
    }
    self->came_up();
    const auto since = Clock::now();
    while (!self->closed_ && self->phase_ == Phase::up) co_await self->lost_.wait();
    // One that breaks at once, again and again (too many clients, a proxy without a server), is paced like a
    // failure.
    failures = Clock::now() - since < kShortLife ? std::min(failures + 1, kShortLifeFailures) : 0;
    if (failures > 1 && !self->closed_) {
      const auto pause = reconnect_delay(self->options_.reconnect_min, self->options_.reconnect_max, failures,
                                         self->random());
      co_await self->lost_.wait(Clock::now() + pause);
    }
  }
}

void Connection::came_up() {
  phase_ = Phase::up;
  ++generation_;
  last_error_.clear();
  redirect_.reset();
  writing_ = false;
  leaving_ = false;
  read_some();
  schedule_flush();
  on_up.emit([] {});
}

asio::awaitable<void> Connection::connect_once() {
  if (!options_.unix_socket.empty()) {
    co_await connect_unix();
  } else if (options_.sentinel) {
    RedisAddress primary = co_await ask_sentinels();
    co_await connect_to(std::move(primary));
  } else if (redirect_) {
    co_await connect_to(*redirect_);
  } else if (options_.cluster) {
    RedisAddress owner = co_await ask_cluster();
    co_await connect_to(std::move(owner));
  } else {
    co_await connect_to(options_.address);
  }
  co_await handshake();
}

asio::awaitable<void> Connection::connect_unix() {
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

asio::awaitable<std::vector<asio::ip::tcp::endpoint>> Connection::resolve(RedisAddress address) {
  std::vector<asio::ip::tcp::endpoint> endpoints;
  boost::system::error_code not_numeric;
  const auto numeric = asio::ip::make_address(address.host, not_numeric);
  if (!not_numeric) {
    endpoints.emplace_back(numeric, address.port);
    co_return endpoints;
  }
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
  while (!lookup->done && !closed_ && !connect_expired_) co_await resolved_.wait();
  if (!lookup->done)
    throw ConnectionError(Fate::not_executed, "the name " + address.host + " was not resolved in time");
  if (lookup->failed) {
    throw ConnectionError(Fate::not_executed,
                          "cannot resolve " + address.host + ": " + lookup->failed.message());
  }
  endpoints = lookup->endpoints;
  co_return endpoints;
}

asio::awaitable<void> Connection::connect_to(RedisAddress address) {
  connected_host_ = address.host;
  const auto endpoints = co_await resolve(address);
  std::string why = "the name has no address";
  for (const auto& endpoint : endpoints) {
    if (closed_ || connect_expired_) break;
    transport_ = std::make_shared<Transport>(executor_);
    reader_.emplace(options_.max_reply_bytes);
    boost::system::error_code failed;
    co_await transport_->socket().async_connect(endpoint, asio::redirect_error(use_awaitable, failed));
    if (failed) {
      why = failed.message();
      continue;
    }
    transport_->tune(options_);
    if (options_.tls) {
      transport_->use_tls(*options_.tls, address.host);
      co_await transport_->tls()->async_handshake(asio::ssl::stream_base::client,
                                                  asio::redirect_error(use_awaitable, failed));
      if (failed) {
        throw ConnectionError(Fate::not_executed,
                              "TLS with " + to_string(address) + " failed: " + failed.message());
      }
    }
    co_return;
  }
  throw ConnectionError(Fate::not_executed, "cannot connect to " + to_string(address) + ": " + why);
}

asio::awaitable<std::vector<Reply>> Connection::converse(std::string bytes, std::size_t replies) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const std::size_t count = co_await asio::async_initiate<const asio::use_awaitable_t<>,
                                                            void(boost::system::error_code, std::size_t)>(
        [this](auto handler, const char* data, std::size_t size) {
          transport_->async_write_some(asio::buffer(data, size), std::move(handler));
        },
        use_awaitable, bytes.data() + written, bytes.size() - written);
    written += count;
  }
  std::vector<Reply> answers;
  while (answers.size() < replies) {
    auto reply = reader_->next();
    if (reply) {
      answers.push_back(std::move(*reply));
      continue;
    }
    const std::size_t count = co_await asio::async_initiate<const asio::use_awaitable_t<>,
                                                            void(boost::system::error_code, std::size_t)>(
        [this](auto handler) { transport_->async_read_some(asio::buffer(read_buffer_), std::move(handler)); },
        use_awaitable);
    reader_->feed({read_buffer_.data(), count});
  }
  co_return answers;
}

asio::awaitable<void> Connection::handshake() {
  ConnectionOptions said = options_;
  if (options_.cluster) said.database = 0;
  const Handshake greeting = make_handshake(said);
  const auto replies = co_await converse(greeting.bytes, greeting.steps.size());
  server_ = judge_handshake(greeting, replies, options_);
}

asio::awaitable<Reply> Connection::ask_once(RedisAddress address, std::string username, std::string password,
                                            Command question) {
  co_await connect_to(std::move(address));
  std::string bytes;
  std::size_t expected = 1;
  if (!password.empty()) {
    bytes +=
        (username.empty() ? make_command("AUTH", password) : make_command("AUTH", username, password)).bytes;
    ++expected;
  }
  bytes += question.bytes;
  auto replies = co_await converse(std::move(bytes), expected);
  for (const Reply& reply : replies) {
    if (reply.is_error()) throw RedisError(reply.text);
  }
  transport_->close();
  co_return std::move(replies.back());
}

asio::awaitable<RedisAddress> Connection::ask_sentinels() {
  const SentinelOptions sentinel = *options_.sentinel;
  std::string why = "no sentinels are configured";
  for (const RedisAddress& address : sentinel.sentinels) {
    if (closed_ || connect_expired_) break;
    try {
      Command question = make_command("SENTINEL", "get-master-addr-by-name", sentinel.master_name);
      const Reply reply =
          co_await ask_once(address, sentinel.username, sentinel.password, std::move(question));
      if (reply.elements.size() >= 2) {
        const auto port = reply.elements[1].to_int();
        if (port > 0 && port <= 65'535) {
          co_return RedisAddress{reply.elements[0].text, static_cast<std::uint16_t>(port)};
        }
      }
      why = to_string(address) + " does not know a primary named " + sentinel.master_name;
    } catch (const std::exception& error) {
      why = to_string(address) + ": " + error.what();
    }
  }
  throw ConnectionError(Fate::not_executed, "no sentinel told the primary; the last one: " + why);
}

asio::awaitable<RedisAddress> Connection::ask_cluster() {
  std::string why = "no seeds are configured";
  const std::vector<RedisAddress> seeds = options_.cluster->seeds;
  for (const RedisAddress& seed : seeds) {
    if (closed_ || connect_expired_) break;
    try {
      Command question = make_command("CLUSTER", "SLOTS");
      const Reply reply = co_await ask_once(seed, options_.username, options_.password, std::move(question));
      const auto owner = slot_owner(reply, *slot_, seed.host);
      if (owner) co_return *owner;
      why = to_string(seed) + " knows no owner of slot " + std::to_string(*slot_);
    } catch (const std::exception& error) {
      why = to_string(seed) + ": " + error.what();
    }
  }
  throw ConnectionError(Fate::not_executed,
                        "no node of the cluster told who serves the queue; the last one: " + why);
}

asio::awaitable<void> Connection::wait_until_up() {
  if (phase_ == Phase::up) co_return;
  Command ping = make_query("PING");
  co_await execute(std::move(ping));
}

}  // namespace bullmq::detail

// Whom to connect to: sentinels tell the primary, nodes of a cluster tell who serves the queue's slot. One
// that swallows everything leaves time for the others, and after a failure another one is asked first: it may
// have told of a server that has gone.
#include <boost/asio/awaitable.hpp>

#include "bullmq/error.hpp"
#include "redis/connection.hpp"
#include "redis/transport.hpp"
#include "redis/watchdog.hpp"

namespace bullmq::detail {

namespace asio = boost::asio;

asio::awaitable<Reply> Connection::ask_once(RedisAddress address, std::string username, std::string password,
                                            Command question, Instant until) {
  const Watchdog guard(executor_, until, [this] {
    if (transport_) transport_->close();
  });
  co_await connect_to(address, until);
  step_ = "asking " + to_string(address);
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

asio::awaitable<RedisAddress> Connection::ask_sentinels(Instant until) {
  const SentinelOptions sentinel = *options_.sentinel;
  const std::size_t count = sentinel.sentinels.size();
  std::string why;
  for (std::size_t i = 0; i < count && !is_closed() && !connect_expired_; ++i) {
    const RedisAddress address = sentinel.sentinels[(life_.first_to_ask() + i) % count];
    // One share is for the connection to the primary.
    const auto share = (until - Clock::now()) / static_cast<int>(count - i + 1);
    try {
      Command question = make_command("SENTINEL", "get-master-addr-by-name", sentinel.master_name);
      const Reply reply = co_await ask_once(address, sentinel.username, sentinel.password,
                                            std::move(question), Clock::now() + share);
      // nil: it does not know the name.
      if (reply.elements.size() >= 2 && reply.elements[0].is_text() && !reply.elements[0].text.empty()) {
        const auto port = reply.elements[1].to_int();
        if (port > 0 && port <= 65'535) {
          co_return RedisAddress{reply.elements[0].text, static_cast<std::uint16_t>(port)};
        }
      }
      why = to_string(address) + " does not know a primary named " + sentinel.master_name;
    } catch (const boost::system::system_error& error) {
      why = to_string(address) + ": " + error.code().message();
    } catch (const std::exception& error) {
      why = to_string(address) + ": " + error.what();
    }
  }
  throw ConnectionError(Fate::not_executed, "no sentinel told the primary; the last one: " + why);
}

asio::awaitable<RedisAddress> Connection::ask_cluster(Instant until) {
  const std::vector<RedisAddress> seeds = options_.cluster->seeds;
  const std::size_t count = seeds.size();
  std::string why;
  for (std::size_t i = 0; i < count && !is_closed() && !connect_expired_; ++i) {
    const RedisAddress& seed = seeds[(life_.first_to_ask() + i) % count];
    const auto share = (until - Clock::now()) / static_cast<int>(count - i + 1);
    try {
      Command question = make_command("CLUSTER", "SLOTS");
      const Reply reply = co_await ask_once(seed, options_.username, options_.password, std::move(question),
                                            Clock::now() + share);
      const auto owner = slot_owner(reply, *slot_, seed.host);
      if (owner) co_return *owner;
      why = to_string(seed) + " knows no owner of slot " + std::to_string(*slot_);
    } catch (const boost::system::system_error& error) {
      why = to_string(seed) + ": " + error.code().message();
    } catch (const std::exception& error) {
      why = to_string(seed) + ": " + error.what();
    }
  }
  throw ConnectionError(Fate::not_executed,
                        "no node of the cluster told who serves the queue; the last one: " + why);
}

}  // namespace bullmq::detail

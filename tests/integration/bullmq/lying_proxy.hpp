#pragma once

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "event_loop.hpp"
#include "redis/reply_reader.hpp"

namespace bullmq::testing {

// What Redis would have sent.
inline std::string encode(const detail::Reply& reply) {
  using Type = detail::Reply::Type;
  switch (reply.type) {
    case Type::nil:
      return "$-1\r\n";
    case Type::integer:
      return ":" + std::to_string(reply.integer) + "\r\n";
    case Type::status:
      return "+" + reply.text + "\r\n";
    case Type::error:
      return "-" + reply.text + "\r\n";
    case Type::string:
      return "$" + std::to_string(reply.text.size()) + "\r\n" + reply.text + "\r\n";
    case Type::array:
      break;
  }
  std::string bytes = "*" + std::to_string(reply.elements.size()) + "\r\n";
  for (const detail::Reply& element : reply.elements) bytes += encode(element);
  return bytes;
}

// Stands between a client and Redis on the test's own loop. Commands pass, and are carried out; what is
// answered to them may be a lie.
class LyingProxy {
  using Tcp = asio::ip::tcp;
  using Reply = detail::Reply;

 public:
  // The bytes to send in place of the answer to this command (its words), if it is to be a lie.
  using Lie = std::function<std::optional<std::string>(const std::vector<Reply>& command)>;

  LyingProxy(const Executor& executor, std::uint16_t target)
      : state_(std::make_shared<State>(Tcp::acceptor(executor, {asio::ip::address_v4::loopback(), 0}))) {
    state_->target = {asio::ip::address_v4::loopback(), target};
    asio::co_spawn(executor, accept(state_), asio::detached);
  }
  ~LyingProxy() {
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    for (const auto& weak : state_->sockets) {
      if (const auto socket = weak.lock()) socket->close(ignored);
    }
  }
  LyingProxy(const LyingProxy&) = delete;
  LyingProxy& operator=(const LyingProxy&) = delete;

  [[nodiscard]] std::string url() const {
    return "redis://127.0.0.1:" + std::to_string(state_->acceptor.local_endpoint().port());
  }
  void tell(Lie lie) { state_->lie = std::move(lie); }
  [[nodiscard]] std::size_t lies() const noexcept { return state_->lies; }

 private:
  struct State {
    explicit State(Tcp::acceptor a) : acceptor(std::move(a)) {}
    Tcp::acceptor acceptor;
    Tcp::endpoint target;
    Lie lie;
    std::size_t lies = 0;
    std::vector<std::weak_ptr<Tcp::socket>> sockets;
  };
  // One client and its server.
  struct Link {
    std::shared_ptr<Tcp::socket> client;
    std::shared_ptr<Tcp::socket> server;
    std::deque<std::vector<Reply>> asked;
  };
  static constexpr std::size_t kLargest = 64UL * 1024 * 1024;

  static awaitable<void> accept(std::shared_ptr<State> state) {
    while (true) {
      boost::system::error_code failed;
      const auto link = std::make_shared<Link>();
      link->client = std::make_shared<Tcp::socket>(state->acceptor.get_executor());
      link->server = std::make_shared<Tcp::socket>(state->acceptor.get_executor());
      co_await state->acceptor.async_accept(*link->client, asio::redirect_error(asio::use_awaitable, failed));
      if (failed) co_return;
      co_await link->server->async_connect(state->target, asio::redirect_error(asio::use_awaitable, failed));
      state->sockets.push_back(link->client);
      state->sockets.push_back(link->server);
      asio::co_spawn(state->acceptor.get_executor(), pass_commands(link), asio::detached);
      asio::co_spawn(state->acceptor.get_executor(), pass_answers(state, link), asio::detached);
    }
  }
  static awaitable<void> pass_commands(std::shared_ptr<Link> link) {
    std::array<char, 65'536> buffer;
    detail::ReplyReader reader(kLargest);
    boost::system::error_code failed;
    while (!failed) {
      const std::size_t count = co_await link->client->async_read_some(
          asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, failed));
      reader.feed({buffer.data(), count});
      while (auto command = reader.next()) link->asked.push_back(std::move(command->elements));
      co_await asio::async_write(*link->server, asio::buffer(buffer.data(), count),
                                 asio::redirect_error(asio::use_awaitable, failed));
    }
    end(*link);
  }
  static awaitable<void> pass_answers(std::shared_ptr<State> state, std::shared_ptr<Link> link) {
    std::array<char, 65'536> buffer;
    detail::ReplyReader reader(kLargest);
    boost::system::error_code failed;
    while (!failed) {
      const std::size_t count = co_await link->server->async_read_some(
          asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, failed));
      reader.feed({buffer.data(), count});
      std::string bytes;
      while (auto answer = reader.next()) {
        const std::vector<Reply> command = std::move(link->asked.front());
        link->asked.pop_front();
        std::optional<std::string> lie;
        if (state->lie) lie = state->lie(command);
        state->lies += lie ? 1 : 0;
        bytes += lie ? *lie : encode(*answer);
      }
      co_await asio::async_write(*link->client, asio::buffer(bytes),
                                 asio::redirect_error(asio::use_awaitable, failed));
    }
    end(*link);
  }
  static void end(Link& link) {
    boost::system::error_code ignored;
    link.client->close(ignored);
    link.server->close(ignored);
  }

  std::shared_ptr<State> state_;
};

}  // namespace bullmq::testing

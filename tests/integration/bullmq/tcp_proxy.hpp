#pragma once

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "event_loop.hpp"

namespace bullmq::testing {

// Stands between a client and Redis on the test's own loop, and can fall silent: connections stay open, bytes
// are accepted, and nothing passes.
class TcpProxy {
  using Tcp = asio::ip::tcp;

 public:
  TcpProxy(const Executor& executor, std::uint16_t target)
      : state_(std::make_shared<State>(State{Tcp::acceptor(executor, {asio::ip::address_v4::loopback(), 0}),
                                             {asio::ip::address_v4::loopback(), target}})) {
    asio::co_spawn(executor, accept(state_), asio::detached);
  }
  ~TcpProxy() {
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    for (const auto& weak : state_->sockets) {
      if (const auto socket = weak.lock()) socket->close(ignored);
    }
  }
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return state_->acceptor.local_endpoint().port(); }
  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port()); }
  // The connections that are there fall silent, or those too that come.
  void silence_present() { ++state_->silenced_until; }
  void set_silent(bool silent) { state_->silent = silent; }
  // Where connections go that come from now on.
  void set_target(std::uint16_t port) { state_->target.port(port); }
  [[nodiscard]] std::size_t accepted() const noexcept { return state_->accepted; }

 private:
  struct State {
    Tcp::acceptor acceptor;
    Tcp::endpoint target;
    bool silent = false;
    std::size_t accepted = 0;
    std::size_t silenced_until = 0;
    std::vector<std::weak_ptr<Tcp::socket>> sockets{};
  };

  static awaitable<void> accept(std::shared_ptr<State> state) {
    while (true) {
      boost::system::error_code failed;
      const auto client = std::make_shared<Tcp::socket>(state->acceptor.get_executor());
      co_await state->acceptor.async_accept(*client, asio::redirect_error(asio::use_awaitable, failed));
      if (failed) co_return;
      ++state->accepted;
      const auto server = std::make_shared<Tcp::socket>(state->acceptor.get_executor());
      co_await server->async_connect(state->target, asio::redirect_error(asio::use_awaitable, failed));
      state->sockets.push_back(client);
      state->sockets.push_back(server);
      asio::co_spawn(state->acceptor.get_executor(), pass(state, client, server, state->silenced_until),
                     asio::detached);
      asio::co_spawn(state->acceptor.get_executor(), pass(state, server, client, state->silenced_until),
                     asio::detached);
    }
  }
  static awaitable<void> pass(std::shared_ptr<State> state, std::shared_ptr<Tcp::socket> from,
                              std::shared_ptr<Tcp::socket> to, std::size_t born) {
    std::array<char, 65'536> buffer;
    boost::system::error_code failed;
    while (!failed) {
      const std::size_t count = co_await from->async_read_some(
          asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, failed));
      if (failed || state->silent || born < state->silenced_until) continue;
      co_await asio::async_write(*to, asio::buffer(buffer.data(), count),
                                 asio::redirect_error(asio::use_awaitable, failed));
    }
    boost::system::error_code ignored;
    to->close(ignored);
    from->close(ignored);
  }

  std::shared_ptr<State> state_;
};

}  // namespace bullmq::testing

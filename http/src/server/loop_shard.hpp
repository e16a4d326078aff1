#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "server/arrival.hpp"
#include "shunt/http/namespace.hpp"
#include "shunt/http/server/application.hpp"
#include "shunt/http/server/server_state.hpp"

namespace shunt::http {

// The connections of one loop, and the one timer that watches all their deadlines. Everything but size() runs
// on the loop's thread.
class LoopShard : public std::enable_shared_from_this<LoopShard> {
 public:
  // `on_left` is called, on the loop, each time a connection has ended. Application and state outlive the
  // connections.
  LoopShard(EventLoop& loop, Application& application, ServerState& state,
            std::function<void(bool was_taken)> on_left);

  void adopt(boost::asio::ip::tcp::socket socket, Arrival arrival = {});
  void stop_idle();
  void wake_all();
  void abort_all();

  // Those that may be closed to make room. Any thread.
  [[nodiscard]] WaitingConnections& waiting() noexcept { return waiting_; }

  [[nodiscard]] EventLoop& loop() const noexcept { return loop_; }
  // Connections here, and those on the way (reserve). Any thread.
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  void reserve() noexcept { size_.fetch_add(1, std::memory_order_relaxed); }
  void unreserve() noexcept { size_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  static Detached serve(std::shared_ptr<LoopShard> shard, std::shared_ptr<ClientSocket> client,
                        Arrival arrival);
  void leave(ClientSocket& client);
  void tick();
  template <typename Visit>
  void for_each(Visit visit);

  EventLoop& loop_;
  Application& application_;
  ServerState& state_;
  const std::function<void(bool)> on_left_;
  WaitingConnections waiting_;
  boost::intrusive::list<ClientSocket, boost::intrusive::base_hook<SocketListHook>,
                         boost::intrusive::constant_time_size<false>>
      clients_;
  SendBatch batch_;
  std::atomic<std::size_t> size_{0};
  std::string date_;
  Timer timer_;
};

}  // namespace shunt::http

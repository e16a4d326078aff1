#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>

#include "shunt/base/event_loop.hpp"
#include "shunt/base/result.hpp"
#include "shunt/http/namespace.hpp"
#include "shunt/http/server/application.hpp"
#include "shunt/http/server/server_state.hpp"

namespace shunt::http {

// Listens, shares connections out over the loops, makes room where they grow too many, and ends them. Each
// connection lives on one loop from accept to close.
class Server {
 public:
  // Fails with `address_in_use` or `cannot_listen`. Listening starts here, so port() is known; connections
  // are served once the loops run. `application` is kept until the last connection has ended; `state` belongs
  // to it.
  [[nodiscard]] static Result<std::unique_ptr<Server>> listen(const boost::asio::ip::tcp::endpoint& endpoint,
                                                              EventLoopThreads& loops,
                                                              std::shared_ptr<Application> application,
                                                              ServerState& state);
  // Closes without waiting for responses under way.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] unsigned short port() const noexcept { return port_; }

  // Closes the listening socket and idle connections; responses under way go on and carry Connection: close.
  // Any thread.
  void stop_accepting();

  // Tells whoever waits to leave (ServerState::leaving), closes what is left after `deadline`, and waits for
  // the connections' coroutines to end. Not from a loop's thread; before the loops stop.
  void close(std::chrono::milliseconds deadline);

 private:
  struct Core;
  explicit Server(std::shared_ptr<Core> core);

  bool closed_ = false;
  const std::shared_ptr<Core> core_;
  const unsigned short port_;
};

}  // namespace shunt::http

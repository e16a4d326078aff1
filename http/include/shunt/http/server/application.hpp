#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "shunt/base/clock.hpp"
#include "shunt/base/error.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/http/namespace.hpp"
#include "shunt/http/request_target.hpp"
#include "shunt/http/server/client_socket.hpp"
#include "shunt/http/server/request.hpp"
#include "shunt/http/server/response.hpp"
#include "shunt/http/server/server_limits.hpp"
#include "shunt/http/server/task.hpp"

namespace shunt::http {

// From here on answers are counted, and sent without a copy.
inline constexpr std::size_t kLargeAnswer = 16UL * 1024;

// One request and the response it is to get. Lives as long as the connection, which uses it for one request
// after the other.
struct ServerExchange {
  ClientSocket& client;
  const std::string& date;  // the loop's, which is another text a second later
  Request request{};
  RequestTarget target{};  // for the handler's use
  Response response{};
  MemoryReservation memory{};         // of a body that is more than small, and of decoding it
  MemoryReservation answer_memory{};  // until the answer is handed to the client's socket
  bool streamed = false;              // the handler has sent the response itself
};

// What is decided about a request when its header has arrived, before a byte of its body is read.
struct HeaderVerdict {
  bool answered = false;           // the response is complete: no handler runs
  bool known = false;              // the client has shown who it is, and does not count for its address
  bool for_probes = false;         // to be answered on connections beyond the limit, too
  std::size_t max_body_bytes = 0;  // where it goes on
};

// One connection's side of the application. Its functions are called on the connection's loop, for each
// request in this order: renew, check, handle (unless check has answered), answered, end. A request whose
// header cannot be read goes from renew to refuse, answered and end. A connection may end between any two,
// with what waits in handle.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;

  // Goes by newer settings, if there are any; what is returned stays as it is until the next call. Called
  // before a request is waited for, and once its header is there.
  [[nodiscard]] virtual const ServerLimits& renew() = 0;

  [[nodiscard]] virtual HeaderVerdict check(ServerExchange& exchange, SteadyTime now) = 0;

  // Fills the response, or sends it itself (ServerExchange::streamed).
  [[nodiscard]] virtual Task<void> handle(ServerExchange& exchange) = 0;

  // Turns an error into a response; header lines that are there stay.
  virtual void refuse(Response& response, const Error& error) = 0;

  // The response is on its way, unless the client has gone (ClientSocket::broken). `took` counts from the end
  // of the request's header.
  virtual void answered(const ServerExchange& exchange, std::chrono::nanoseconds took) = 0;

  // Lets go of what is held for the request.
  virtual void end() noexcept = 0;
};

// What a server serves.
class Application {
 public:
  virtual ~Application() = default;

  // The limits of now. Any thread.
  [[nodiscard]] virtual std::shared_ptr<const ServerLimits> limits() const = 0;
  // For a connection that is let in; on its loop.
  [[nodiscard]] virtual std::unique_ptr<RequestHandler> make_handler() = 0;
  // Fills the response of a connection that is turned away. Any thread.
  virtual void refuse(Response& response, const Error& error) const = 0;
};

}  // namespace shunt::http

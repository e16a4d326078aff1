#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/base/error.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/base/result.hpp"
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

// A request's body that its handler takes piece by piece, while it comes. Loop thread only; lives as long as
// the request is handled.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // The next bytes, valid until the next call; empty: the body has ended. What the client does wrong is the
  // error, and so is a client that is too slow: it has the body's time, and beyond that as long as it sends
  // kSlowestUpload on the average. After an error nothing else comes. A client that has gone is the error
  // `malformed_request`, and ClientSocket::broken.
  [[nodiscard]] virtual Task<Result<std::string_view>> more() = 0;
  // The body has been taken to its end.
  [[nodiscard]] virtual bool done() const noexcept = 0;
};
inline constexpr std::size_t kSlowestUpload = 16UL * 1024;  // bytes a second

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
  // Where HeaderVerdict::streams_body was set; else the body is in `request`.
  BodyStream* body = nullptr;
};

// Every connection may have a body of this size without asking for memory.
inline constexpr std::size_t kFreeBodyBytes = 4 * 1024;

// What is decided about a request when its header has arrived, before a byte of its body is read.
struct HeaderVerdict {
  bool answered = false;           // the response is complete: no handler runs
  bool known = false;              // the client has shown who it is, and does not count for its address
  bool for_probes = false;         // to be answered on connections beyond the limit, too
  std::size_t max_body_bytes = 0;  // where it goes on
  bool streams_body = false;       // the handler takes the body piece by piece
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

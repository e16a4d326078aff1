#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shunt/base/event_loop.hpp"

namespace shunt::http {

// What to connect to: the upstream, or the proxy in front of it. Its name is looked up before libcurl sees
// the request (host_resolver.hpp says why).
struct Endpoint {
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 0;
};

struct ClientRequest {
  std::string url;
  std::string proxy;  // "" = none, whatever the environment says
  Endpoint endpoint;
  std::vector<std::string> headers;  // "Name: value"
  std::string body;                  // sent with POST
  std::chrono::milliseconds connect_timeout{};
  std::size_t max_response_bytes = 0;
};

struct ResponseHead {
  int status = 0;
  std::string content_type;
  std::string retry_after;
};

struct TransferEnd {
  enum class How {
    kComplete,         // the whole response came
    kNotConnected,     // no such name, refused, no TLS: the request was not sent
    kConnectTimedOut,  // as kNotConnected, after the time that it had
    kBroken,           // the connection ended before the response did
    kTooLarge,         // more than max_response_bytes
  };
  How how = How::kComplete;
  std::string reason;  // for people; holds nothing of the request but host and port
};

// Hears of one transfer, on the loop's thread, in the order of the functions below and never from inside
// libcurl: each may cancel the transfer or start another. After on_end, or after a cancel, nothing more
// comes.
class TransferHandler {
 public:
  virtual ~TransferHandler() = default;
  // A connection is there and the request about to be sent. Again, if a kept connection proved dead.
  virtual void on_connected() = 0;
  virtual void on_head(const ResponseHead& head) = 0;
  virtual void on_body(std::string_view bytes) = 0;
  virtual void on_end(const TransferEnd& end) = 0;
};

class CurlLoop;
class CurlTransfer;

// A running transfer. Destroying or cancelling it ends it without another call. Loop's thread only.
class Transfer {
 public:
  Transfer() = default;
  Transfer(CurlLoop& loop, std::weak_ptr<CurlTransfer> state) : loop_(&loop), state_(std::move(state)) {}
  Transfer(Transfer&& other) noexcept : loop_(other.loop_), state_(std::move(other.state_)) {}
  Transfer& operator=(Transfer&& other) noexcept;
  ~Transfer() { cancel(); }
  void cancel() noexcept;

 private:
  CurlLoop* loop_ = nullptr;
  std::weak_ptr<CurlTransfer> state_;
};

// Sends the request after `delay`. The loop holds `handler` until the transfer's end. Redirects are not
// followed, only http and https are spoken, connections are kept for the next transfer of this loop. Call it
// on the loop's thread. Transfers that still run when the loop is destroyed are dropped without on_end.
[[nodiscard]] Transfer start_transfer(EventLoop& loop, ClientRequest request,
                                      std::shared_ptr<TransferHandler> handler,
                                      std::chrono::milliseconds delay = {});

}  // namespace shunt::http

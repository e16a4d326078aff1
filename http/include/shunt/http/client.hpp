#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shunt/base/event_loop.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

// What to connect to: the upstream, or the proxy in front of it. Its name is looked up before libcurl sees
// the request (host_resolver.hpp says why).
struct Endpoint {
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 0;
};

// How an S3 service wants requests signed (AWS Signature Version 4).
struct AwsSignature {
  std::string provider;  // "aws:amz:REGION:s3"
  std::string login;     // "ACCESS_KEY:SECRET_KEY"
};

// kKept: a connection that an earlier request has left may serve this one. Where the server has closed it
// meanwhile libcurl sends the request once more by itself, although the first one may have arrived. kOwn: a
// new connection for this request alone, over which it goes out once and never again.
enum class ConnectionUse { kKept, kOwn };

// Asked about the very address that is about to be connected to ("192.0.2.1", "2001:db8::1"), so that no
// answer of a name server can come between. False: it is not connected to. Called from inside libcurl.
using MayConnect = std::function<bool(const std::string& address)>;

// One request. Only http and https are spoken, with HTTP/1.1; redirects are not followed; a server's
// certificate is checked against the system's authorities. Nothing is tried again (but see ConnectionUse):
// whoever asks knows what may be.
struct ClientRequest {
  std::string method = "GET";
  std::string url;
  // "" = none, whatever the environment says; nothing = as the environment says (http_proxy and its like).
  std::optional<std::string> proxy = "";
  // For a transfer on an event loop; without it libcurl looks names up, with a thread for each.
  std::optional<Endpoint> endpoint;
  std::vector<std::string> headers;  // "Name: value"
  // What is sent, even if it is empty; nothing = no body. A borrowed one is not copied, and outlives the
  // transfer.
  std::optional<std::string> body;
  std::optional<std::string_view> borrowed_body;
  std::string range;  // "0-99" (of bytes); "" = all. libcurl adds the header, so a signature leaves it out
  std::optional<AwsSignature> signature;
  ConnectionUse connection = ConnectionUse::kKept;
  MayConnect may_connect;        // needs kOwn: a kept connection is not asked about; none = anywhere
  std::string authorities_file;  // PEM, instead of the system's; "" = those

  // 0 = no limit of that kind. A transfer that breaks one ends as kConnectTimedOut or kTimedOut.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  std::chrono::milliseconds total_timeout{0};
  std::chrono::seconds silence_timeout{0};           // without a byte of the response
  std::size_t max_response_bytes = std::size_t(-1);  // of its body, as it travels
};

// The little of what a server says that anybody here asks for.
struct ResponseHead {
  int status = 0;  // 0: there is no response yet
  std::string content_type;
  std::string retry_after;
  std::string location;
  std::string content_range;
  std::optional<std::uint64_t> content_length;
};

struct TransferEnd {
  enum class How {
    kComplete,         // the whole response came
    kNotConnected,     // no such name, refused, no TLS: the request was not sent
    kConnectTimedOut,  // as kNotConnected, after the time that it had
    kTimedOut,         // there was a connection, and total_timeout or silence_timeout passed
    kBroken,           // the connection ended before the response did
    kTooLarge,         // more than max_response_bytes
    kStopped,          // by whoever asked (BlockingClient)
  };
  How how = How::kComplete;
  std::string reason;  // for people; holds nothing of the request but host and port
  // Whether this machine has written all of the request. False: the server cannot have it whole.
  bool request_written = false;
  // What there was no connection for, of kNotConnected.
  enum class Obstacle { kNone, kName, kRefused, kTls, kOther };
  Obstacle obstacle = Obstacle::kNone;
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

// Sends the request after `delay`. The loop holds `handler` until the transfer's end, and keeps connections
// for its next transfers. Call it on the loop's thread. Transfers that still run when the loop is destroyed
// are dropped without on_end.
[[nodiscard]] Transfer start_transfer(EventLoop& loop, ClientRequest request,
                                      std::shared_ptr<TransferHandler> handler,
                                      std::chrono::milliseconds delay = {});

}  // namespace shunt::http

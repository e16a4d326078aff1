#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bullmq/connection_options.hpp"

namespace bullmq::detail {

// A socket to Redis: TCP or Unix, with TLS or without, and the bytes on their way. Only the connection's own
// operations use it, one read and one write at a time; each of them keeps it alive, so that an operation of a
// connection that has broken never touches the bytes of the next one.
class Transport {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  using TlsStream = boost::asio::ssl::stream<Socket&>;

  explicit Transport(const boost::asio::any_io_executor& executor)
      : incoming(kReadBufferBytes), socket_(executor) {}

  [[nodiscard]] Socket& socket() noexcept { return socket_; }

  // Prepares TLS for the connected socket. Throws ValidationError when a file cannot be read.
  void use_tls(const TlsOptions& options, const std::string& host);
  [[nodiscard]] TlsStream* tls() noexcept { return tls_ ? &*tls_ : nullptr; }
  // Why the TLS handshake failed, with what is wrong with the certificate if that is it.
  [[nodiscard]] std::string tls_failure(const boost::system::error_code& failed);

  // Options of the connected socket: no delay, keepalive, user timeout. Failures are ignored: a Unix socket
  // has none.
  void tune(const ConnectionOptions& options);

  // Closes at once, without TLS' goodbye: whoever waits is told so.
  void close() noexcept;

  template <typename Buffer, typename Handler>
  void async_read_some(const Buffer& buffer, Handler&& handler) {
    if (tls_) {
      tls_->async_read_some(buffer, std::forward<Handler>(handler));
    } else {
      socket_.async_read_some(buffer, std::forward<Handler>(handler));
    }
  }

  template <typename Buffer, typename Handler>
  void async_write_some(const Buffer& buffer, Handler&& handler) {
    if (tls_) {
      tls_->async_write_some(buffer, std::forward<Handler>(handler));
    } else {
      socket_.async_write_some(buffer, std::forward<Handler>(handler));
    }
  }

  // What is being read, and what is being written, of which `written` bytes are gone.
  std::vector<char> incoming;
  std::string outgoing;
  std::size_t written = 0;

 private:
  static constexpr std::size_t kReadBufferBytes = 64UL * 1024;

  Socket socket_;
  std::unique_ptr<boost::asio::ssl::context> context_;
  std::optional<TlsStream> tls_;
};

}  // namespace bullmq::detail

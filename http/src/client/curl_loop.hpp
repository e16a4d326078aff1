#pragma once

#include <curl/curl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "client/curl_transfer.hpp"
#include "client/host_resolver.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

// libcurl's multi interface on one event loop: Asio waits for libcurl's sockets and timer, and tells it. One
// for each EventLoop, as a service of its io_context: made by the first transfer, gone with the loop. Loop's
// thread only.
class CurlLoop final : public boost::asio::execution_context::service {
 public:
  static inline boost::asio::execution_context::id id;

  explicit CurlLoop(boost::asio::io_context& context);
  ~CurlLoop() override;

  [[nodiscard]] std::weak_ptr<CurlTransfer> start(ClientRequest request,
                                                  std::shared_ptr<TransferHandler> handler,
                                                  std::chrono::milliseconds delay);
  void remove(const std::shared_ptr<CurlTransfer>& transfer) noexcept;

 private:
  // A socket of libcurl's while it wants to hear of it. Asio borrows the descriptor: it is released, never
  // closed, since libcurl keeps idle connections and closes what it opened.
  struct Watched {
    explicit Watched(boost::asio::io_context& context) : descriptor(context) {}
    ~Watched() { release(); }
    // To be called before libcurl closes the socket: then its number may belong to another one, even of this
    // loop, which Asio would stop waiting for.
    void release() {
      if (descriptor.is_open()) descriptor.release();
    }
    boost::asio::posix::stream_descriptor descriptor;
    int wanted = 0;  // CURL_POLL_IN, _OUT or both
    bool waits_in = false;
    bool waits_out = false;
  };

  void shutdown() override;
  static int socket_changed(CURL*, curl_socket_t socket, int wanted, CurlLoop* self, void*);
  static int timer_changed(CURLM*, long timeout_ms, CurlLoop* self);

  void begin(const std::shared_ptr<CurlTransfer>& transfer);
  void attach(const std::shared_ptr<CurlTransfer>& transfer);
  // False if Asio cannot wait for it.
  [[nodiscard]] bool watch(curl_socket_t socket, int wanted);
  void wait(const std::shared_ptr<Watched>& watched, int direction);
  void drive(curl_socket_t socket, int events);
  // What libcurl wants at once, when it may be called again: without a timer, which costs a system call and
  // an interrupt for each request.
  void drive_soon();
  void collect_ends();
  void deliver();

  boost::asio::io_context& context_;
  boost::asio::steady_timer timer_;
  bool is_due_ = false;  // drive_soon() has been asked
  HostResolver resolver_;
  CURLM* multi_;
  CurlTransfer::ReadyList ready_;
  std::unordered_map<curl_socket_t, std::shared_ptr<Watched>> watched_;
  std::unordered_set<std::shared_ptr<CurlTransfer>> transfers_;
};

}  // namespace shunt::http

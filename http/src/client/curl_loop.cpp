#include "client/curl_loop.hpp"

#include <boost/asio/post.hpp>
#include <new>
#include <stdexcept>
#include <utility>

#include "client/libcurl.hpp"

namespace shunt::http {
namespace {

// Connections kept open without a request, for all upstreams of a loop together. Beyond it every request that
// ends closes one, and the next opens one anew.
constexpr long kIdleConnections = 96;

template <typename Value>
void set(CURLM* multi, CURLMoption option, Value value) {
  if (curl_multi_setopt(multi, option, value) != CURLM_OK)
    throw std::logic_error("an option that libcurl lacks");
}

}  // namespace

CurlLoop::CurlLoop(boost::asio::io_context& context)
    : service(context), context_(context), timer_(context), resolver_(context) {
  // Makes Asio's descriptor service now, so that it is shut down after this one.
  (void)boost::asio::posix::stream_descriptor(context);
  init_libcurl();
  multi_ = curl_multi_init();
  if (multi_ == nullptr) throw std::bad_alloc();
  set(multi_, CURLMOPT_SOCKETFUNCTION, &socket_changed);
  set(multi_, CURLMOPT_SOCKETDATA, this);
  set(multi_, CURLMOPT_TIMERFUNCTION, &timer_changed);
  set(multi_, CURLMOPT_TIMERDATA, this);
  set(multi_, CURLMOPT_MAXCONNECTS, kIdleConnections);
}

CurlLoop::~CurlLoop() = default;

void CurlLoop::shutdown() {
  // The handlers go last: their destructors may cancel their transfers, which must be gone by then.
  std::vector<std::shared_ptr<TransferHandler>> handlers;
  for (const auto& transfer : transfers_) {
    transfer->detach();
    handlers.push_back(transfer->forget_handler());
  }
  ready_.clear();
  transfers_.clear();
  watched_.clear();
  curl_multi_cleanup(std::exchange(multi_, nullptr));
  timer_.cancel();
}

std::weak_ptr<CurlTransfer> CurlLoop::start(ClientRequest request, std::shared_ptr<TransferHandler> handler,
                                            std::chrono::milliseconds delay) {
  const auto transfer = std::make_shared<CurlTransfer>(std::move(request), std::move(handler), ready_);
  transfers_.insert(transfer);
  if (delay.count() <= 0) {
    begin(transfer);
    return transfer;
  }
  auto later = std::make_shared<boost::asio::steady_timer>(context_, delay);
  later->async_wait([this, later, weak = std::weak_ptr(transfer)](const boost::system::error_code& failure) {
    const auto waiting = weak.lock();
    if (!failure && waiting) begin(waiting);
  });
  return transfer;
}

void CurlLoop::remove(const std::shared_ptr<CurlTransfer>& transfer) noexcept {
  transfer->detach();
  const auto handler = transfer->forget_handler();
  transfers_.erase(transfer);
}

void CurlLoop::begin(const std::shared_ptr<CurlTransfer>& transfer) {
  const auto& endpoint = transfer->endpoint();
  if (!endpoint || !HostResolver::needs_lookup(endpoint->host)) return attach(transfer);
  resolver_.resolve(endpoint->host,
                    [this, weak = std::weak_ptr(transfer)](const Result<HostResolver::Addresses>& addresses) {
                      const auto waiting = weak.lock();
                      if (!waiting) return;
                      if (addresses) {
                        waiting->use_addresses(*addresses);
                        return attach(waiting);
                      }
                      transfers_.erase(waiting);
                      waiting->record_end(TransferEnd{.how = TransferEnd::How::kNotConnected,
                                                      .reason = addresses.error().message,
                                                      .obstacle = TransferEnd::Obstacle::kName});
                      deliver();
                    });
}

void CurlLoop::attach(const std::shared_ptr<CurlTransfer>& transfer) {
  // libcurl does nothing yet but ask for its timer: it starts when that fires.
  if (!transfer->attach(multi_)) throw std::bad_alloc();
}

int CurlLoop::socket_changed(CURL*, curl_socket_t socket, int wanted, CurlLoop* self, void*) {
  constexpr int kGoOn = 0;
  constexpr int kEndTheTransfers = -1;
  if (wanted != CURL_POLL_REMOVE) return self->watch(socket, wanted) ? kGoOn : kEndTheTransfers;
  const auto watched = self->watched_.find(socket);
  if (watched == self->watched_.end()) return kGoOn;
  // A handler that is running may hold it, and does so until libcurl has returned.
  watched->second->release();
  self->watched_.erase(watched);
  return kGoOn;
}

int CurlLoop::timer_changed(CURLM*, long timeout_ms, CurlLoop* self) {
  if (timeout_ms < 0) {
    self->timer_.cancel();
    return 0;
  }
  if (timeout_ms == 0) {
    self->drive_soon();
    return 0;
  }
  self->timer_.expires_after(std::chrono::milliseconds(timeout_ms));
  self->timer_.async_wait([self](const boost::system::error_code& failure) {
    if (!failure) self->drive(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

void CurlLoop::drive_soon() {
  if (std::exchange(is_due_, true)) return;
  boost::asio::post(context_, [this] {
    is_due_ = false;
    drive(CURL_SOCKET_TIMEOUT, 0);
  });
}

bool CurlLoop::watch(curl_socket_t socket, int wanted) {
  auto& watched = watched_[socket];
  if (!watched) {
    boost::system::error_code failure;
    auto fresh = std::make_shared<Watched>(context_);
    fresh->descriptor.assign(socket, failure);
    if (failure) {
      watched_.erase(socket);
      return false;
    }
    watched = std::move(fresh);
  }
  watched->wanted = wanted;
  wait(watched, CURL_POLL_IN);
  wait(watched, CURL_POLL_OUT);
  return true;
}

void CurlLoop::wait(const std::shared_ptr<Watched>& watched, int direction) {
  using Descriptor = boost::asio::posix::stream_descriptor;
  const bool in = direction == CURL_POLL_IN;
  bool& waits = in ? watched->waits_in : watched->waits_out;
  if ((watched->wanted & direction) == 0 || std::exchange(waits, true)) return;
  watched->descriptor.async_wait(
      in ? Descriptor::wait_read : Descriptor::wait_write,
      [this, direction, weak = std::weak_ptr(watched)](const boost::system::error_code& failure) {
        const auto woken = weak.lock();
        if (failure || !woken) return;
        (direction == CURL_POLL_IN ? woken->waits_in : woken->waits_out) = false;
        if ((woken->wanted & direction) == 0) return;  // libcurl has changed its mind meanwhile
        drive(woken->descriptor.native_handle(),
              direction == CURL_POLL_IN ? CURL_CSELECT_IN : CURL_CSELECT_OUT);
        if (woken->descriptor.is_open()) wait(woken, direction);
      });
}

void CurlLoop::drive(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  collect_ends();
  deliver();
}

void CurlLoop::collect_ends() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // the message goes with its handle
    const auto transfer = CurlTransfer::of(message->easy_handle).shared_from_this();
    transfer->detach();
    transfer->record_end(code);
    transfers_.erase(transfer);
  }
}

void CurlLoop::deliver() {
  const auto ready = std::exchange(ready_, {});
  for (const auto& transfer : ready) transfer->deliver();
}

Transfer& Transfer::operator=(Transfer&& other) noexcept {
  if (this != &other) {
    cancel();
    loop_ = other.loop_;
    state_ = std::move(other.state_);
  }
  return *this;
}

void Transfer::cancel() noexcept {
  if (const auto state = std::exchange(state_, {}).lock()) loop_->remove(state);
}

Transfer start_transfer(EventLoop& loop, ClientRequest request, std::shared_ptr<TransferHandler> handler,
                        std::chrono::milliseconds delay) {
  auto& curl = boost::asio::use_service<CurlLoop>(loop.context());
  return {curl, curl.start(std::move(request), std::move(handler), delay)};
}

}  // namespace shunt::http

#include "shunt/http/blocking_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>

#include "client/curl_transfer.hpp"
#include "client/libcurl.hpp"

namespace shunt::http {
namespace {

// For curl_multi_poll counts milliseconds in an int.
constexpr std::chrono::milliseconds kLongestPoll = std::chrono::hours(1);

// Gathers what a transfer tells.
class Gatherer final : public TransferHandler {
 public:
  explicit Gatherer(const BodySink& sink) : sink_(sink) {}

  void on_connected() override {}
  void on_head(const ResponseHead& head) override { response.head = head; }
  void on_body(std::string_view bytes) override {
    if (!sink_) {
      response.body += bytes;
    } else if (!stopped && !sink_(response.head, bytes)) {
      stopped = true;
    }
  }
  void on_end(const TransferEnd& end) override {
    response.end = end;
    ended = true;
  }

  ClientResponse response;
  bool ended = false;
  bool stopped = false;

 private:
  const BodySink& sink_;
};

}  // namespace

class BlockingClient::Impl {
 public:
  Impl() {
    init_libcurl();
    multi_ = curl_multi_init();
    if (multi_ == nullptr) throw std::runtime_error("libcurl cannot be initialised");
  }
  ~Impl() { curl_multi_cleanup(multi_); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ClientResponse perform(ClientRequest request, std::optional<BodySource> source, const BodySink& sink,
                         SteadyTime until) {
    const auto gatherer = std::make_shared<Gatherer>(sink);
    const auto transfer =
        std::make_shared<CurlTransfer>(std::move(request), gatherer, ready_, std::move(source));
    if (!transfer->attach(multi_)) throw std::bad_alloc();
    why_stopped_ = "enough has been read";
    while (!gatherer->ended && !gatherer->stopped && advance(until)) deliver();
    transfer->detach();
    ready_.clear();
    // Also where the rest had come already: whoever had enough has not seen it.
    if (!gatherer->ended || gatherer->stopped) {
      gatherer->response.end = {TransferEnd::How::kStopped, why_stopped_};
    }
    return std::move(gatherer->response);
  }

  void end_by(SteadyTime until) noexcept {
    end_by_ = until.time_since_epoch().count();
    curl_multi_wakeup(multi_);
  }

 private:
  // Does what can be done, or waits until something can. False: there is no time left, or no way.
  [[nodiscard]] bool advance(SteadyTime until) {
    int running = 0;
    if (const CURLMcode code = curl_multi_perform(multi_, &running); code != CURLM_OK) {
      why_stopped_ = curl_multi_strerror(code);
      return false;
    }
    collect_ends();
    if (!ready_.empty()) return true;
    const auto left =
        std::min(until, SteadyTime{SteadyTime::duration(end_by_)}) - std::chrono::steady_clock::now();
    if (left.count() <= 0) {
      why_stopped_ = "no answer in time";
      return false;
    }
    const auto wait = std::min(std::chrono::ceil<std::chrono::milliseconds>(left), kLongestPoll);
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait.count()), nullptr);
    return true;
  }

  void collect_ends() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CurlTransfer::of(message->easy_handle).record_end(message->data.result);
    }
  }

  void deliver() {
    const auto ready = std::exchange(ready_, {});
    for (const auto& transfer : ready) transfer->deliver();
  }

  CURLM* multi_ = nullptr;
  CurlTransfer::ReadyList ready_;
  const char* why_stopped_ = "";
  std::atomic<SteadyTime::rep> end_by_{SteadyTime::max().time_since_epoch().count()};
};

BlockingClient::BlockingClient() : impl_(std::make_unique<Impl>()) {}
BlockingClient::~BlockingClient() = default;

ClientResponse BlockingClient::perform(ClientRequest request, const BodySink& sink, SteadyTime until) {
  return impl_->perform(std::move(request), std::nullopt, sink, until);
}

ClientResponse BlockingClient::put(ClientRequest request, BodySource source, const BodySink& sink,
                                   SteadyTime until) {
  return impl_->perform(std::move(request), std::move(source), sink, until);
}

void BlockingClient::end_by(SteadyTime until) noexcept {
  impl_->end_by(until);
}

}  // namespace shunt::http

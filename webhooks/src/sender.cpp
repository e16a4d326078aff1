#include "sender.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "shunt/base/display_text.hpp"
#include "shunt/base/json.hpp"
#include "shunt/http/client.hpp"
#include "verdict.hpp"

namespace shunt::webhooks {
namespace {

constexpr std::chrono::milliseconds kConnectTimeout = std::chrono::seconds(10);
// An answer is a status; what comes with it is read so that the endpoint is not cut off, up to this.
constexpr std::size_t kMaxAnswerBytes = 64UL * 1024;
constexpr std::size_t kMaxErrorBytes = 300;

// Hears of the transfer and wakes who waits for its end.
class AnswerHandler final : public http::TransferHandler {
 public:
  explicit AnswerHandler(EventLoop& loop)
      : over_(loop.context(), boost::asio::steady_timer::time_point::max()) {}

  void on_connected() override {}
  void on_head(const http::ResponseHead& head) override { head_ = head; }
  void on_body(std::string_view) override {}
  void on_end(const http::TransferEnd& end) override {
    end_ = end;
    over_.cancel();
  }

  bullmq::awaitable<void> wait() {
    boost::system::error_code woken;
    while (!end_) co_await over_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
  }
  // A status has come whole, whatever becomes of what follows it.
  [[nodiscard]] std::string error() const {
    return head_.status != 0 ? std::string() : excerpt(to_valid_utf8(end_->reason), kMaxErrorBytes);
  }
  [[nodiscard]] const http::ResponseHead& head() const noexcept { return head_; }

 private:
  boost::asio::steady_timer over_;
  http::ResponseHead head_;
  std::optional<http::TransferEnd> end_;
};

}  // namespace

bullmq::awaitable<Attempt> Sender::send(Message message, std::vector<SigningKey> keys,
                                        std::chrono::milliseconds most) {
  const WallTime at = clock_.now();
  const SteadyTime begun = clock_.steady_now();
  const auto timestamp = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  http::ClientRequest request;
  request.method = "POST";
  request.url = message.url;
  request.headers = {"Content-Type: application/json", "User-Agent: " + options_.user_agent,
                     "webhook-id: " + message.id, "webhook-timestamp: " + std::to_string(timestamp),
                     "webhook-signature: " + signatures_of(keys, message.id, timestamp, message.body)};
  request.body = std::move(message.body);
  request.connection = http::ConnectionUse::kOwn;
  request.may_connect = [allowed = options_.allowed_addresses](const std::string& address) {
    return http::may_be_reached(address, allowed);
  };
  request.total_timeout = std::min(most, options_.timeout);
  request.connect_timeout = std::min(kConnectTimeout, request.total_timeout);
  request.max_response_bytes = kMaxAnswerBytes;
  const auto handler = std::make_shared<AnswerHandler>(loop_);
  const http::Transfer transfer = http::start_transfer(loop_, std::move(request), handler);
  co_await handler->wait();
  Attempt attempt;
  attempt.at = at;
  attempt.took = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady_now() - begun);
  attempt.status = handler->head().status;
  attempt.error = handler->error();
  attempt.retry_after = read_retry_after(handler->head().retry_after, clock_.now());
  co_return attempt;
}

}  // namespace shunt::webhooks

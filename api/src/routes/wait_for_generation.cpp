#include "routes/wait_for_generation.hpp"

#include <algorithm>

namespace shunt::api {
namespace {

SteadyTime later(SteadyTime now, std::chrono::milliseconds duration) {
  return duration == std::chrono::milliseconds::max() ? SteadyTime::max() : now + duration;
}

// Two times in the connection's one deadline: when the wait is over, and when a client that closed its
// sending side counts as gone.
class WaitDeadline {
 public:
  WaitDeadline(Exchange& exchange, std::chrono::milliseconds limit)
      : exchange_(exchange), until_(later(std::chrono::steady_clock::now(), limit)) {}

  // Why not to wait on; nullopt: the deadline is set.
  [[nodiscard]] std::optional<WaitEnd> used_up() {
    http::ClientSocket& client = exchange_.client;
    if (client.broken()) return WaitEnd::kClientGone;
    const SteadyTime now = std::chrono::steady_clock::now();
    if (client.ended() && gone_at_ == SteadyTime::max()) {
      gone_at_ = now + exchange_.options.half_close_grace;
      // Going looks like this at first, and who comes again does so at once.
      if (exchange_.repeated) exchange_.repeated->broke();
    }
    if (now >= gone_at_) return WaitEnd::kClientGone;
    if (now >= until_) return WaitEnd::kOutOfTime;
    if (exchange_.service.state.leaving.load(std::memory_order_relaxed)) return WaitEnd::kLeaving;
    const SteadyTime next = std::min(until_, gone_at_);
    if (next == SteadyTime::max()) {
      client.clear_deadline();
    } else {
      client.set_deadline(std::chrono::ceil<std::chrono::milliseconds>(next - now));
    }
    return std::nullopt;
  }

 private:
  Exchange& exchange_;
  const SteadyTime until_;
  SteadyTime gone_at_ = SteadyTime::max();
};

}  // namespace

bool is_over(const EventWatch& watch) {
  return watch.record_at_end() != nullptr || watch.lost();
}

http::Task<WaitEnd> wait_for_end(Exchange& exchange, EventWatch& watch, std::chrono::milliseconds limit) {
  http::ClientSocket& client = exchange.client;
  if (!client.send_now()) {  // responses to requests before this one
    const bool sent = co_await client.flush();
    if (!sent) co_return WaitEnd::kClientGone;
  }
  client.release_buffers();
  WaitDeadline deadline(exchange, limit);
  std::optional<WaitEnd> over;
  for (;;) {
    if (is_over(watch)) over = WaitEnd::kEnded;
    if (!over) over = deadline.used_up();
    if (over) break;
    watch.on_end(client.remote_wake());
    client.watch();
    co_await client.wake();
  }
  client.clear_deadline();
  co_return *over;
}

http::Task<Result<std::unique_ptr<EventWatch>>> watch_generation(Exchange& exchange, GenerationId id,
                                                                 WatchOptions options) {
  auto pending = answer_of<Result<executor::WatchOutcome>>(
      exchange.client, [&](auto done) { exchange.service.executor.watch(id, options, std::move(done)); });
  auto answer = co_await pending;
  if (!answer) co_return std::move(answer).error();
  std::unique_ptr<EventWatch> watch;
  if (auto* const found = std::get_if<std::unique_ptr<EventWatch>>(&*answer)) watch = std::move(*found);
  co_return watch;
}

}  // namespace shunt::api

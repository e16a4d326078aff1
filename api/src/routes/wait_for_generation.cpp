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

http::Task<WaitEnd> wait_for_end(Exchange& exchange, EventWatch& watch, std::chrono::milliseconds limit) {
  http::ClientSocket& client = exchange.client;
  if (!client.send_now()) {  // responses to requests before this one
    const bool sent = co_await client.flush();
    if (!sent) co_return WaitEnd::kClientGone;
  }
  client.release_buffers();
  WaitDeadline deadline(exchange, limit);
  const auto wake = client.remote_wake();
  std::optional<WaitEnd> over;
  for (;;) {
    (void)watch.read();
    if (watch.ended()) over = WaitEnd::kEnded;
    if (!over) over = deadline.used_up();
    if (over) break;
    watch.on_ready(wake);
    client.watch();
    co_await client.wake();
  }
  client.clear_deadline();
  co_return *over;
}

}  // namespace

http::Task<WaitEnd> wait_for_generation(Exchange& exchange, GenerationId id,
                                        std::chrono::milliseconds limit) {
  auto pending = answer_of<Result<executor::WatchOutcome>>(exchange.client, [&](auto done) {
    exchange.service.executor.watch(id, {.only_terminal = true}, std::move(done));
  });
  auto answer = co_await pending;
  if (!answer) {
    set_problem(exchange.response, answer.error(), {.instance = generation_link(id)});
    co_return WaitEnd::kFailed;
  }
  auto* const watch = std::get_if<std::unique_ptr<EventWatch>>(&*answer);
  if (watch == nullptr) co_return WaitEnd::kEnded;
  auto waiting = wait_for_end(exchange, **watch, limit);
  const WaitEnd end = co_await waiting;
  co_return end;
}

}  // namespace shunt::api

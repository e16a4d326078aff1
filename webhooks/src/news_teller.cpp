#include "news_teller.hpp"

#include <algorithm>
#include <utility>

#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::webhooks {
namespace {

// The rest of a message has to fit beside it (webhooks.max_payload_bytes).
constexpr std::size_t kMaxLogBytes = 8UL * 1024;

}  // namespace

NewsTeller::NewsTeller(News wanted, std::shared_ptr<EventWatch> watch, Surroundings surroundings)
    : around_(std::move(surroundings)), watch_(std::move(watch)), digest_(wanted), logs_(kMaxLogBytes) {}

void NewsTeller::stop() noexcept {
  stopped_ = true;
  timer_.cancel();
}

void NewsTeller::hear() {
  if (stopped_ || ended_) return;
  for (auto events = watch_->read(); !events.empty(); events = watch_->read()) {
    for (const GenerationEvent& event : events) {
      digest_.take(event);
      logs_.take(event);
    }
  }
  ended_ = watch_->ended() || watch_->lost();
  if (!ended_) {
    listen();
    consider();
    return;
  }
  timer_.cancel();
  if (!sending_) around_.over();
}

void NewsTeller::listen() {
  auto wake = [gate = around_.gate, weak = weak_from_this()] {
    gate->post([weak] {
      if (const auto self = weak.lock()) self->hear();
    });
  };
  // While something waits to be told, more of it changes nothing.
  if (digest_.next_at()) {
    watch_->on_end(std::move(wake));
  } else {
    watch_->on_ready(std::move(wake));
  }
}

void NewsTeller::consider() {
  const auto next = digest_.next_at();
  if (sending_ || !next) return;
  const SteadyTime now = around_.clock.steady_now();
  if (*next <= now) {
    sending_ = true;
    around_.launch(send());
    return;
  }
  timer_ = around_.loop.after(*next - now, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->hear();
  });
}

bullmq::awaitable<void> NewsTeller::send() {
  const auto self = shared_from_this();
  const std::string_view type = digest_.begin(around_.clock.steady_now());
  try {
    GenerationRecord record = watch_->record();
    // One that has ended since is told as ended, and not here.
    if (!is_terminal(record.state)) {
      Message message = co_await around_.make_message(std::move(record), logs_.text(), type, told_ + 1);
      const auto pause = co_await around_.courier.tell_once(std::move(message));
      if (pause) {
        digest_.put_back(type, around_.clock.steady_now() + *pause);
      } else {
        ++told_;
      }
    }
  } catch (...) {
    executor::note_caught(around_.faults, "webhook_news");
  }
  sending_ = false;
  if (stopped_) co_return;
  if (ended_) {
    around_.over();
  } else {
    hear();
  }
}

}  // namespace shunt::webhooks

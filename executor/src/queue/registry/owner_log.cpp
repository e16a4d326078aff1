#include "queue/registry/owner_log.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::executor {
namespace {

// After an append whose fate is not known; appending the same batch again does no harm.
constexpr std::chrono::milliseconds kPauseAfterError{100};

}  // namespace

OwnerLog::OwnerLog(QueueContext& context, std::shared_ptr<Generation> generation,
                   std::function<void()> changed, std::function<void(std::string)> cancel)
    : context_(context),
      generation_(std::move(generation)),
      id_(generation_->id().to_string()),
      changed_(std::move(changed)),
      cancel_(std::move(cancel)),
      feed_(context.loop),
      outputs_({.loop = context.loop,
                .records = context.records,
                .artifacts = context.artifacts,
                .files = context.files,
                .faults = context.faults,
                .max_inline_bytes = context.options.queue.max_inline_bytes,
                .memory = *context.options.memory},
               id_, [this] { return is_stopped(); }) {
  feed_.follow(generation_->watch({.after_sequence = 1}));
}

bullmq::awaitable<void> OwnerLog::run(std::shared_ptr<OwnerLog> self) {
  co_await self->forward();
  self->feed_.stop();
}

void OwnerLog::stop() {
  if (state_ != State::kOpen) return;
  feed_.stop();
  enter(State::kStopped);
}

void OwnerLog::enter(State state) {
  if (!is_stopped()) state_ = state;
  changed_();
}

bullmq::awaitable<void> OwnerLog::forward() {
  while (state_ == State::kOpen) {
    std::vector<GenerationEvent> events = co_await feed_.next();
    if (events.empty()) co_return enter(is_stopped() ? State::kStopped : State::kRefused);
    const bool is_end = events.back().terminal();
    co_await store_large(events);
    const AppendAnswer answer = co_await append(events);
    const auto* const appended = std::get_if<Appended>(&answer);
    if (appended == nullptr) co_return enter(State::kRefused);
    written_ = events.back().sequence;
    if (events.back().terminal()) co_return enter(is_end ? State::kEnded : State::kFailed);
    if (appended->cancel_reason) cancel_(*appended->cancel_reason);
    changed_();
  }
}

// When the store does not take something the record ends there, as a worker's would: it cannot have what
// others could not read.
bullmq::awaitable<void> OwnerLog::store_large(std::vector<GenerationEvent>& events) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    std::optional<Error> failure = co_await outputs_.store(events[i].payload);
    if (!failure) continue;
    events.resize(i + 1);
    events.back().payload = event::Failed{std::move(*failure)};
    co_return;
  }
}

bullmq::awaitable<AppendAnswer> OwnerLog::append(const std::vector<GenerationEvent>& events) {
  while (!is_stopped()) {
    LogBatch batch = make_batch(id_, std::nullopt, events);
    batch.by_owner = true;
    bool failed = false;
    AppendAnswer answer;
    try {
      answer = co_await context_.records.append(std::move(batch));
    } catch (...) {
      note_caught(context_.faults, "owner_log");
      failed = true;
    }
    if (!failed) co_return answer;
    boost::asio::steady_timer pause(context_.loop.context(), kPauseAfterError);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  co_return AppendRefused{};
}

}  // namespace shunt::executor

#include "queue/queued_run.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "queue/file_work.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

// After an append whose fate is not known; appending the same batch again does no harm.
constexpr std::chrono::milliseconds kPauseAfterError{100};

std::chrono::milliseconds timeout_of(const Envelope& envelope) {
  if (!envelope.deadline) return std::chrono::hours(24);
  return *envelope.deadline - envelope.created_at;
}

}  // namespace

QueuedRun::QueuedRun(Services services, Envelope envelope, std::uint64_t attempt, std::uint64_t sequence)
    : services_(std::move(services)),
      id_(envelope.id.to_string()),
      envelope_(std::move(envelope)),
      attempt_(attempt),
      sequence_(sequence),
      woken_(services_.loop.context()) {}

bullmq::awaitable<QueuedRun::End> QueuedRun::run(ModelSlots& slots, EventLoop& generator_loop) {
  const auto self = shared_from_this();
  generation_ = std::make_shared<Generation>(envelope_, services_.clock, slots.model().output);
  watch_ = generation_->watch({.after_sequence = 1});
  const auto timeout = timeout_of(envelope_);
  const auto left = envelope_.created_at + timeout - services_.clock.now();
  // As if it had been admitted here: then what is left of its time is left of its time.
  const SteadyTime admitted_at = services_.clock.steady_now() + left - timeout;
  auto run =
      std::make_shared<SyncRun>(self, slots, envelope_, generation_, generator_loop, admitted_at, timeout);
  running_ = run;
  if (left.count() <= 0) {
    // It waited for too long: it ends as it would have in line.
    generator_loop.post([run] {
      run->wait_in_line();
      run->request_stop(StopReason::kDeadline, {});
      run->stopped();
    });
  } else if (slots.take(run) == ModelSlots::Place::kRunning) {
    generator_loop.post([run] { run->begin(); });
  } else {
    // A generator that does not let go holds its slot beyond the end of its generation.
    generator_loop.post([run] { run->wait_in_line(); });
  }
  run.reset();
  co_await forward();
  co_return abandoned_ ? End::kLost : End::kEnded;
}

bullmq::awaitable<QueuedRun::End> QueuedRun::cancel_unrun(std::string reason) {
  generation_ = std::make_shared<Generation>(envelope_, services_.clock, OutputLimits{});
  generation_->cancel(reason);
  watch_ = generation_->watch({.after_sequence = 1});
  co_await forward();
  co_return abandoned_ ? End::kLost : End::kEnded;
}

void QueuedRun::cancel(const std::string& reason) {
  if (const auto run = running_.lock()) run->request_stop(StopReason::kCancelled, reason);
}

void QueuedRun::abandon(const std::string& reason) {
  abandoned_ = true;
  if (const auto run = running_.lock()) run->request_stop(StopReason::kShutdown, reason);
  woken_.cancel();
}

// Wakes the worker's thread when there is something to pass on.
void QueuedRun::listen() {
  ready_ = false;
  watch_->on_ready([weak = weak_from_this(), &loop = services_.loop] {
    loop.post([weak] {
      const auto self = weak.lock();
      if (!self) return;
      self->ready_ = true;
      self->woken_.cancel();
    });
  });
}

bullmq::awaitable<std::vector<GenerationEvent>> QueuedRun::next_events() {
  std::vector<GenerationEvent> events = watch_->read();
  while (events.empty() && !abandoned_) {
    listen();
    while (!ready_ && !abandoned_) {
      woken_.expires_at(SteadyTime::max());
      boost::system::error_code ignored;
      co_await woken_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    events = watch_->read();
  }
  co_return events;
}

// This process counts its events from 1; the log goes on where it was.
void QueuedRun::renumber(std::vector<GenerationEvent>& events) const {
  for (GenerationEvent& event : events) {
    event.sequence = sequence_ + event.sequence - 1;
    if (attempt_ > 1 && std::holds_alternative<event::Started>(event.payload)) {
      event.payload = event::Restarted{attempt_};
    }
  }
}

bullmq::awaitable<void> QueuedRun::store_artifact(Artifact& artifact) {
  ArtifactStore* const store = &services_.artifacts;
  const auto bytes = artifact.bytes;
  std::function<Result<std::string>()> work = [store, bytes] {
    return store->put(bytes ? std::string_view(*bytes) : std::string_view());
  };
  Result<std::string> stored = co_await run_on(services_.files, std::move(work));
  if (stored) {
    artifact.stored_size = artifact.size();
    artifact.sha256 = std::move(*stored);
    co_return;
  }
  if (const auto run = running_.lock()) run->fail(std::move(stored).error());
}

bullmq::awaitable<AppendAnswer> QueuedRun::append(std::vector<GenerationEvent> events) {
  LogBatch batch = make_batch(id_, std::to_string(attempt_), events);
  while (!abandoned_) {
    LogBatch copy = batch;
    std::exception_ptr failure;
    AppendAnswer answer;
    try {
      answer = co_await services_.log->append(std::move(copy));
    } catch (...) {
      failure = std::current_exception();
    }
    if (!failure) co_return answer;
    // For as long as the lock is ours: when it is lost, we are told.
    boost::asio::steady_timer pause(services_.loop.context(), kPauseAfterError);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  co_return AppendAnswer{};
}

bullmq::awaitable<void> QueuedRun::forward() {
  const auto self = shared_from_this();
  while (!abandoned_) {
    std::vector<GenerationEvent> events = co_await next_events();
    if (abandoned_ || events.empty()) co_return;
    for (GenerationEvent& event : events) {
      if (auto* ready = std::get_if<event::ArtifactReady>(&event.payload))
        co_await store_artifact(ready->artifact);
    }
    const bool last = events.back().terminal();
    renumber(events);
    const AppendAnswer answer = co_await append(std::move(events));
    if (!answer.taken) {
      abandon("the generation is not this worker's any more");
      co_return;
    }
    if (last) co_return;
    if (answer.cancel_reason) cancel(*answer.cancel_reason);
  }
}

std::chrono::nanoseconds QueuedRun::waited() const {
  const auto record = generation_->record(Generation::Detail::kSummary);
  const auto begun = record.started_at.value_or(record.finished_at.value_or(record.created_at));
  return std::chrono::nanoseconds(begun - record.created_at);
}

std::chrono::nanoseconds QueuedRun::ran() const {
  const auto record = generation_->record(Generation::Detail::kSummary);
  if (!record.started_at || !record.finished_at) return std::chrono::nanoseconds(0);
  return std::chrono::nanoseconds(*record.finished_at - *record.started_at);
}

}  // namespace shunt::executor

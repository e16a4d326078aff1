#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/runtime/for_each_at_once.hpp"
#include "queue/runtime/generation_deadline.hpp"
#include "queue/services/queue_core.hpp"
#include "queue/services/queue_launch.hpp"
#include "queue/runtime/redis_fault.hpp"
#include "shunt/base/log.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

// One call of probe.lua looks at this many.
constexpr std::size_t kProbeBatch = 200;
// A generation whose deadline has passed while somebody ran it is asked about again after this long.
constexpr std::chrono::milliseconds kDeadlineLook{500};

bool is_open(const Mirror& mirror) {
  return !is_terminal(mirror.generation->state());
}

bool has_stored_result(const std::vector<GenerationEvent>& events) {
  if (events.empty()) return false;
  const auto* succeeded = std::get_if<event::Succeeded>(&events.back().payload);
  return succeeded != nullptr && succeeded->stored;
}

}  // namespace

// ---- What other processes tell.

void QueueCore::on_message(const std::string& id, const std::string& message) {
  if (!mirrors_.find(id)) return;
  auto notification = decode_notification(message);
  if (!notification) {
    broken_.tell("event", id, notification.error().message);
    // The log tells whether it is the generation that is broken, or only what was said of it.
    launch([](std::shared_ptr<QueueCore> self,
              std::string doubtful) -> awaitable<void> { co_await self->resync(std::move(doubtful)); },
           id);
    return;
  }
  // Deleted, by another process perhaps: what we have of it is shown no longer.
  if (std::holds_alternative<GenerationDeleted>(*notification)) return mirrors_.remove(id);
  auto* const appended = std::get_if<EventsAppended>(&*notification);
  if (appended == nullptr) return;
  if (!has_stored_result(appended->events)) return hear(id, std::move(appended->events));
  launch([](std::shared_ptr<QueueCore> self, std::string about, std::vector<GenerationEvent> told)
             -> awaitable<void> { co_await self->hear_large(std::move(about), std::move(told)); },
         id, std::move(appended->events));
}

void QueueCore::hear(const std::string& id, std::vector<GenerationEvent> events) {
  const auto mirror = mirrors_.find(id);
  if (!mirror) return;
  const bool was_open = is_open(*mirror);
  if (mirrors_.apply(*mirror, std::move(events), clock.steady_now()) == Mirrors::Heard::kGap) {
    launch([](std::shared_ptr<QueueCore> self,
              std::string missed) -> awaitable<void> { co_await self->resync(std::move(missed)); },
           id);
    return;
  }
  if (was_open && !is_open(*mirror)) {
    tell_ended(*mirror);
  }
}

// The end of a log whose result lies in the artifact store. If the store does not answer, the next look at
// the silent generation tries again.
awaitable<void> QueueCore::hear_large(std::string id, std::vector<GenerationEvent> events) {
  const auto failure = co_await load_result(events.back());
  if (!failure) {
    hear(id, std::move(events));
    co_return;
  }
  co_await resync(id);
}

// Something was missed: the log has it all.
awaitable<void> QueueCore::resync(std::string id) {
  try {
    auto outcome = co_await read(id, true);
    const auto mirror = mirrors_.find(id);
    if (!mirror || !is_open(*mirror)) co_return;
    auto* stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
    if (stored != nullptr) {
      mirrors_.follow(*mirror, *stored->generation);
    } else if (outcome) {
      // A restart without persistence, an eviction.
      mirrors_.fail(*mirror,
                    {std::string(error_code::kWorkerLost),
                     "Redis does not know the generation any more: it came back without its data", true});
    } else if (outcome.error().code == error_code::kArtifactGone ||
               outcome.error().code == error_code::kBrokenRecord) {
      mirrors_.fail(*mirror, outcome.error());
    }
    if (is_open(*mirror)) co_return;
    tell_ended(*mirror);
  } catch (...) {
    // The next look at it tries again.
    note_caught(faults, "resync");
  }
}

// ---- Generations that nothing is heard of.

awaitable<void> QueueCore::look_at_silent() {
  auto due = mirrors_.due(clock.steady_now());
  for (std::size_t at = 0; at < due.size(); at += kProbeBatch) {
    const auto begin = due.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = due.begin() + static_cast<std::ptrdiff_t>(std::min(due.size(), at + kProbeBatch));
    std::vector<std::shared_ptr<Mirror>> some(begin, end);
    co_await look_at(std::move(some));
  }
}

awaitable<void> QueueCore::look_at(std::vector<std::shared_ptr<Mirror>> looked_at) {
  std::vector<std::string> generations;
  for (const auto& mirror : looked_at) generations.push_back(mirror->id);
  auto answered = co_await records_.look_at_jobs(std::move(generations));
  auto answers = value_or_throw(std::move(answered));
  for (std::size_t i = 0; i < looked_at.size(); ++i) {
    if (!is_open(*looked_at[i])) continue;
    Result<JobLookAnswer>& answer = answers[i];
    if (answer && std::holds_alternative<JobTooLarge>(*answer))
      (void)co_await read_settled(looked_at[i]->id, true);
    auto* const found = answer ? std::get_if<LookedAt>(&*answer) : nullptr;
    if (found == nullptr || is_terminal(found->state) || found->sequence != looked_at[i]->log_sequence()) {
      co_await resync(looked_at[i]->id);
      continue;
    }
    SilentGeneration silent;
    silent.sequence = found->sequence;
    silent.state = found->state;
    silent.job = std::move(found->job);
    silent.attempt = found->attempt;
    co_await look_at_one(looked_at[i], std::move(silent));
  }
}

awaitable<void> QueueCore::look_at_one(std::shared_ptr<Mirror> mirror, SilentGeneration silent) {
  // The record says queued until somebody of ours begins; the log may know of another worker.
  if (mirror->generation->state() == GenerationState::kRunning) silent.state = GenerationState::kRunning;
  silent.seen_progress = mirror->seen_progress;
  // Between its admission and its add there is no job yet.
  const auto age = clock.now() - mirror->generation->id().created_at();
  if (!silent.job.exists && age < missing_after(options.queue)) co_return;
  const std::string progress = silent.job.progress;
  const bool told = co_await conclude_silent(mirror->id, std::move(silent));
  mirror->seen_progress = progress;
  // A worker that we only see through its job is looked at closely.
  if (told) mirror->pause = Mirrors::kFirstPause;
}

// ---- Ends that no worker writes.

std::chrono::milliseconds QueueCore::grace_of(std::string_view model_name) const {
  const Model* const model = models.find(model_name);
  const auto stop_grace = model == nullptr ? std::chrono::milliseconds(0) : model->stop_grace;
  return stop_grace + lost_worker_bound(options.queue);
}

awaitable<bool> QueueCore::conclude(std::string id, std::optional<std::uint64_t> attempt,
                                    std::vector<GenerationEvent> events) {
  LogBatch batch = make_batch(std::move(id), attempt, events);
  const AppendAnswer answer = co_await records_.append(std::move(batch));
  co_return std::holds_alternative<Appended>(answer);
}

// Whatever the job says and the log does not; false if that is nothing.
awaitable<bool> QueueCore::conclude_silent(std::string id, SilentGeneration silent) {
  const auto events = events_of_silent_job(silent, clock.now());
  if (events.empty()) co_return false;
  LogBatch batch = make_batch(std::move(id), silent.attempt, events);
  if (never_queued(silent)) batch.then = LogBatch::Then::kNeverQueued;
  const AppendAnswer answer = co_await records_.append(std::move(batch));
  co_return std::holds_alternative<Appended>(answer);
}

// Deadlines are the workers' business while they run it. One that waits, or whose worker is lost and not
// found by another one, ends here. Together, so that their calls of Redis are shared.
awaitable<void> QueueCore::end_overdue() {
  using One = std::shared_ptr<Mirror>;
  std::function<awaitable<void>(One)> end = [weak = weak_from_this()](One mirror) -> awaitable<void> {
    const auto self = weak.lock();
    if (!self) co_return;
    co_await self->end_if_overdue(std::move(mirror));
  };
  std::vector<One> late = mirrors_.overdue(clock.steady_now());
  co_await for_each_at_once<One>(loop, faults, kOverdue, std::move(late), kAtOnce, std::move(end));
}

awaitable<void> QueueCore::end_if_overdue(std::shared_ptr<Mirror> mirror) {
  const SteadyTime now = clock.steady_now();
  const bool running = mirror->generation->state() == GenerationState::kRunning;
  const auto grace = running ? grace_of(mirror->model) : std::chrono::milliseconds(0);
  const bool overdue = mirror->deadline != SteadyTime::max() && now >= mirror->deadline + grace;
  const bool never_stopped = mirror->cancel_requested && now >= mirror->cancelled_at + grace;
  if (!overdue && !never_stopped) {
    if (now >= mirror->deadline && now >= mirror->next_deadline_look) co_await end_waiting_for_retry(mirror);
    co_return;
  }
  const std::uint64_t next = mirror->log_sequence() + 1;
  std::vector<GenerationEvent> end;
  if (overdue) {
    const auto record = mirror->generation->record(Generation::Detail::kSummary);
    end.push_back({next, clock.now(), event::Failed{deadline_exceeded(record)}});
  } else {
    end.push_back({next, clock.now(), event::Cancelled{"the worker did not stop in time"}});
  }
  const auto attempt = running ? std::nullopt : std::optional<std::uint64_t>(0);
  const bool ended = co_await conclude(mirror->id, attempt, std::move(end));
  if (ended) {
    co_await try_to_remove_job(keys.queue(mirror->model), mirror->id);
  } else {
    co_await resync(mirror->id);
  }
}

// Between two attempts it is running for its clients, and nobody is there to end it.
awaitable<void> QueueCore::end_waiting_for_retry(std::shared_ptr<Mirror> mirror) {
  mirror->next_deadline_look = clock.steady_now() + kDeadlineLook;
  std::vector<std::string> one{mirror->id};
  auto answered = co_await records_.look_at_jobs(std::move(one));
  const auto answers = value_or_throw(std::move(answered));
  const Result<JobLookAnswer>& answer = answers.front();
  const auto* const found = answer ? std::get_if<LookedAt>(&*answer) : nullptr;
  if (found == nullptr || found->state != GenerationState::kRunning || !found->worker.empty()) co_return;
  const auto record = mirror->generation->record(Generation::Detail::kSummary);
  std::vector<GenerationEvent> end;
  end.push_back({found->sequence + 1, clock.now(), event::Failed{deadline_exceeded(record)}});
  const bool ended = co_await conclude(mirror->id, found->attempt, std::move(end));
  if (ended) co_await try_to_remove_job(keys.queue(mirror->model), mirror->id);
}

}  // namespace shunt::executor

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

bool is_open(const Replica& replica) {
  return !is_terminal(replica.generation->state());
}

bool has_stored_result(const std::vector<GenerationEvent>& events) {
  if (events.empty()) return false;
  const auto* succeeded = std::get_if<event::Succeeded>(&events.back().payload);
  return succeeded != nullptr && succeeded->stored;
}

}  // namespace

// ---- What other processes tell.

void QueueCore::on_message(const std::string& id, const std::string& message) {
  if (!replicas_.find(id)) return;
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
  if (std::holds_alternative<GenerationDeleted>(*notification)) return replicas_.remove(id);
  auto* const appended = std::get_if<EventsAppended>(&*notification);
  if (appended == nullptr) return;
  if (!has_stored_result(appended->events)) return hear(id, std::move(appended->events));
  launch([](std::shared_ptr<QueueCore> self, std::string about, std::vector<GenerationEvent> told)
             -> awaitable<void> { co_await self->hear_large(std::move(about), std::move(told)); },
         id, std::move(appended->events));
}

void QueueCore::hear(const std::string& id, std::vector<GenerationEvent> events) {
  const auto replica = replicas_.find(id);
  if (!replica) return;
  const bool was_open = is_open(*replica);
  if (replicas_.apply(*replica, std::move(events), clock.steady_now()) == Replicas::Applied::kGap) {
    launch([](std::shared_ptr<QueueCore> self,
              std::string missed) -> awaitable<void> { co_await self->resync(std::move(missed)); },
           id);
    return;
  }
  if (was_open && !is_open(*replica)) {
    tell_ended(*replica);
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
    const auto replica = replicas_.find(id);
    if (!replica || !is_open(*replica)) co_return;
    auto* stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
    if (stored != nullptr) {
      replicas_.follow(*replica, *stored->generation);
    } else if (outcome) {
      // A restart without persistence, an eviction.
      replicas_.fail(*replica,
                    {std::string(error_code::kWorkerLost),
                     "Redis does not know the generation any more: it came back without its data", true});
    } else if (outcome.error().code == error_code::kArtifactGone ||
               outcome.error().code == error_code::kBrokenRecord) {
      replicas_.fail(*replica, outcome.error());
    }
    if (is_open(*replica)) co_return;
    tell_ended(*replica);
  } catch (...) {
    // The next look at it tries again.
    note_caught(faults, "resync");
  }
}

// ---- Generations that nothing is heard of.

awaitable<void> QueueCore::look_at_silent() {
  auto due = replicas_.unreported(clock.steady_now());
  for (std::size_t at = 0; at < due.size(); at += kProbeBatch) {
    const auto begin = due.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = due.begin() + static_cast<std::ptrdiff_t>(std::min(due.size(), at + kProbeBatch));
    std::vector<std::shared_ptr<Replica>> some(begin, end);
    co_await look_at(std::move(some));
  }
}

awaitable<void> QueueCore::look_at(std::vector<std::shared_ptr<Replica>> looked_at) {
  std::vector<std::string> generations;
  for (const auto& replica : looked_at) generations.push_back(replica->id);
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
    UnreportedGeneration unreported;
    unreported.sequence = found->sequence;
    unreported.state = found->state;
    unreported.job = std::move(found->job);
    unreported.attempt = found->attempt;
    co_await look_at_one(looked_at[i], std::move(unreported));
  }
}

awaitable<void> QueueCore::look_at_one(std::shared_ptr<Replica> replica, UnreportedGeneration unreported) {
  // The record says queued until somebody of ours begins; the log may know of another worker.
  if (replica->generation->state() == GenerationState::kRunning) unreported.state = GenerationState::kRunning;
  unreported.seen_progress = replica->seen_progress;
  // Between its admission and its add there is no job yet.
  const auto age = clock.now() - replica->generation->id().created_at();
  if (!unreported.job.exists && age < missing_after(options.queue)) co_return;
  const std::string progress = unreported.job.progress;
  const bool told = co_await conclude_silent(replica->id, std::move(unreported));
  replica->seen_progress = progress;
  // A worker that we only see through its job is looked at closely.
  if (told) replica->pause = Replicas::kFirstPause;
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
awaitable<bool> QueueCore::conclude_silent(std::string id, UnreportedGeneration unreported) {
  const auto events = events_of_unreported_job(unreported, clock.now());
  if (events.empty()) co_return false;
  LogBatch batch = make_batch(std::move(id), unreported.attempt, events);
  if (never_queued(unreported)) batch.then = LogBatch::Then::kNeverQueued;
  const AppendAnswer answer = co_await records_.append(std::move(batch));
  co_return std::holds_alternative<Appended>(answer);
}

// Deadlines are the workers' business while they run it. One that waits, or whose worker is lost and not
// found by another one, ends here. Together, so that their calls of Redis are shared.
awaitable<void> QueueCore::end_overdue() {
  using One = std::shared_ptr<Replica>;
  std::function<awaitable<void>(One)> end = [weak = weak_from_this()](One replica) -> awaitable<void> {
    const auto self = weak.lock();
    if (!self) co_return;
    co_await self->end_if_overdue(std::move(replica));
  };
  std::vector<One> late = replicas_.past_deadline(clock.steady_now());
  co_await for_each_at_once<One>(loop, faults, kOverdue, std::move(late), kAtOnce, std::move(end));
}

awaitable<void> QueueCore::end_if_overdue(std::shared_ptr<Replica> replica) {
  const SteadyTime now = clock.steady_now();
  const bool running = replica->generation->state() == GenerationState::kRunning;
  const auto grace = running ? grace_of(replica->model) : std::chrono::milliseconds(0);
  const bool overdue = replica->deadline != SteadyTime::max() && now >= replica->deadline + grace;
  const bool never_stopped = replica->cancel_requested && now >= replica->cancelled_at + grace;
  if (!overdue && !never_stopped) {
    if (now >= replica->deadline && now >= replica->next_deadline_look) co_await end_waiting_for_retry(replica);
    co_return;
  }
  const std::uint64_t next = replica->log_sequence() + 1;
  std::vector<GenerationEvent> end;
  if (overdue) {
    const auto record = replica->generation->record(Generation::Detail::kSummary);
    end.push_back({next, clock.now(), event::Failed{deadline_exceeded(record)}});
  } else {
    end.push_back({next, clock.now(), event::Cancelled{"the worker did not stop in time"}});
  }
  const auto attempt = running ? std::nullopt : std::optional<std::uint64_t>(0);
  const bool ended = co_await conclude(replica->id, attempt, std::move(end));
  if (ended) {
    co_await try_to_remove_job(keys.queue(replica->model), replica->id);
  } else {
    co_await resync(replica->id);
  }
}

// Between two attempts it is running for its clients, and nobody is there to end it.
awaitable<void> QueueCore::end_waiting_for_retry(std::shared_ptr<Replica> replica) {
  replica->next_deadline_look = clock.steady_now() + kDeadlineLook;
  std::vector<std::string> one{replica->id};
  auto answered = co_await records_.look_at_jobs(std::move(one));
  const auto answers = value_or_throw(std::move(answered));
  const Result<JobLookAnswer>& answer = answers.front();
  const auto* const found = answer ? std::get_if<LookedAt>(&*answer) : nullptr;
  if (found == nullptr || found->state != GenerationState::kRunning || !found->worker.empty()) co_return;
  const auto record = replica->generation->record(Generation::Detail::kSummary);
  std::vector<GenerationEvent> end;
  end.push_back({found->sequence + 1, clock.now(), event::Failed{deadline_exceeded(record)}});
  const bool ended = co_await conclude(replica->id, found->attempt, std::move(end));
  if (ended) co_await try_to_remove_job(keys.queue(replica->model), replica->id);
}

}  // namespace shunt::executor

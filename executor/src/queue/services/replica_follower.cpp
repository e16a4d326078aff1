#include "queue/services/replica_follower.hpp"

#include <algorithm>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/runtime/generation_deadline.hpp"
#include "shunt/executor/redis/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;

// One call of look_at_jobs.lua looks at this many.
constexpr std::size_t kLookedAtTogether = 200;
// Replicas that are due are looked at together, with at least this long in between.
constexpr std::chrono::milliseconds kShortestPause{50};

bool is_open(const Replica& replica) {
  return !is_terminal(replica.generation->state());
}

bool has_stored_result(const std::vector<GenerationEvent>& events) {
  if (events.empty()) return false;
  const auto* succeeded = std::get_if<event::Succeeded>(&events.back().payload);
  return succeeded != nullptr && succeeded->stored;
}

}  // namespace

ReplicaFollower::ReplicaFollower(QueueContext& context, Replicas& replicas, GenerationReader& reader,
                                 EndWriter& ends, OwnerQueries& owner_queries, SyncRegistry& registry)
    : context_(context),
      replicas_(replicas),
      reader_(reader),
      ends_(ends),
      owner_queries_(owner_queries),
      registry_(registry),
      reports_(context),
      ended_(context.loop) {}

void ReplicaFollower::start() {
  notifications_ = std::make_shared<NotificationStream>(
      context_.loop, context_.faults,
      NotificationRecords(context_.blocking_connection, context_.query_connection, context_.keys,
                          context_.process),
      NotificationRecords::Reader::kApi,
      [this](const std::string& id, const std::string& message) { on_notification(id, message); });
  notifications_->start();
  looking_ = run_when_due(
      context_.loop, context_.faults, "unreported", kShortestPause, [this] { return replicas_.next_look(); },
      [this] { return look_at_unreported(); });
  letting_go_ = run_when_due(
      context_.loop, context_.faults, "unused_replicas", kShortestPause,
      [this] { return replicas_.next_unused(); }, [this] { return let_unused_go(); });
  replicas_.on_look_sooner([this](SteadyTime at) { looking_.due_by(at); });
  replicas_.on_unused_sooner([this](SteadyTime at) { letting_go_.due_by(at); });
}

void ReplicaFollower::stop() {
  notifications_->stop();
  looking_.stop();
  letting_go_.stop();
  ended_.notify_all();
}

std::shared_ptr<Replica> ReplicaFollower::expect(std::shared_ptr<Generation> generation,
                                                 std::chrono::milliseconds timeout) {
  const SteadyTime now = context_.clock.steady_now();
  return replicas_.add(std::move(generation), now + timeout, now);
}

awaitable<Result<WatchOutcome>> ReplicaFollower::watch(GenerationId id, WatchOptions watch_options) {
  const std::string name = id.to_string();
  if (const auto replica = replicas_.find(name))
    co_return WatchOutcome(replicas_.watch(replica, watch_options, context_.clock.steady_now()));
  std::optional<Error> failure;
  try {
    auto outcome = co_await reader_.read_current(name, GenerationReader::Follow::kYes);
    if (!outcome) co_return std::move(outcome).error();
    if (std::holds_alternative<GenerationGone>(*outcome)) co_return WatchOutcome(GenerationGone{});
    auto* stored = std::get_if<StoredGeneration>(&*outcome);
    if (stored == nullptr) co_return WatchOutcome(GenerationUnknown{});
    if (!executor::is_open(*stored)) co_return WatchOutcome(stored->generation->watch(watch_options));
    const SteadyTime now = context_.clock.steady_now();
    // While we waited, somebody else here may have asked too.
    auto replica = replicas_.find(name);
    if (!replica) {
      const auto deadline = stored->generation->record(Generation::Detail::kSummary).deadline;
      const auto left = deadline ? time_until(*deadline, context_.clock.now()) : std::chrono::hours(24);
      replica = replicas_.add(stored->generation, now + left, now);
      replica->attempt = std::max<std::uint64_t>(stored->attempt, 1);
      replica->owned = !stored->owner.empty();
    }
    co_return WatchOutcome(replicas_.watch(replica, watch_options, now));
  } catch (const std::exception& error) {
    note_caught(context_.faults, "watch");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

void ReplicaFollower::on_notification(const std::string& id, const std::string& message) {
  const bool followed = replicas_.find(id) != nullptr;
  // Events of what nobody watches here any more need not be read.
  if (!followed && message.starts_with('[')) return;
  auto notification = decode_notification(message);
  if (!notification && !followed) return;
  if (!notification) {
    context_.broken.tell("event", id, notification.error().message);
    // The log tells whether it is the generation that is broken, or only what was said of it.
    return context_.launch(read_log(id));
  }
  if (const auto* answered = std::get_if<OwnerAnswered>(&*notification))
    return owner_queries_.answered(id, *answered);
  registry_.on_notification(id, *notification);
  if (followed) on_replica_notification(id, std::move(*notification));
}

void ReplicaFollower::on_replica_notification(const std::string& id, Notification notification) {
  // Deleted, by another process perhaps: what we have of it is shown no longer.
  if (std::holds_alternative<GenerationDeleted>(notification)) return replicas_.remove(id);
  auto* const appended = std::get_if<EventsAppended>(&notification);
  if (appended == nullptr) return;
  if (!has_stored_result(appended->events)) return apply(id, std::move(appended->events));
  context_.launch(apply_large(id, std::move(appended->events)));
}

void ReplicaFollower::apply(const std::string& id, std::vector<GenerationEvent> events) {
  const auto replica = replicas_.find(id);
  if (!replica) return;
  const bool was_open = is_open(*replica);
  const auto applied = replicas_.apply(*replica, std::move(events), context_.clock.steady_now());
  if (applied == Replicas::Applied::kGap) return context_.launch(read_log(id));
  if (was_open && !is_open(*replica)) note_ended(*replica);
}

// The end of a log whose result lies in the artifact store. If the store does not answer, the next look at
// the generation tries again.
awaitable<void> ReplicaFollower::apply_large(std::string id, std::vector<GenerationEvent> events) {
  const auto failure = co_await reader_.load_result(events.back());
  if (!failure) {
    apply(id, std::move(events));
    co_return;
  }
  co_await read_log(id);
}

void ReplicaFollower::note_ended(const Replica& replica) {
  if (!replica.settling) reports_.report(*replica.generation);
  ended_.notify_all();
}

void ReplicaFollower::settled(Replica& replica) {
  replica.settling = false;
  if (!is_open(replica)) note_ended(replica);
}

awaitable<void> ReplicaFollower::read_log(std::string id) {
  try {
    auto outcome = co_await reader_.read(id, GenerationReader::Follow::kYes);
    const auto replica = replicas_.find(id);
    if (!replica || !is_open(*replica)) co_return;
    auto* stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
    if (stored != nullptr) {
      replicas_.follow(*replica, *stored->generation);
    } else if (outcome) {
      // A restart without persistence, an eviction.
      replicas_.fail(*replica, {error_code::kWorkerLost,
                                "Redis does not know the generation any more: it came back without its data",
                                Retryable::kYes});
    } else if (outcome.error().code == error_code::kArtifactGone ||
               outcome.error().code == error_code::kBrokenRecord) {
      replicas_.fail(*replica, outcome.error());
    }
    if (!is_open(*replica)) note_ended(*replica);
  } catch (...) {
    // The next look at it tries again.
    note_caught(context_.faults, "resync");
  }
}

awaitable<void> ReplicaFollower::look_at_unreported() {
  auto due = replicas_.unreported(context_.clock.steady_now());
  for (std::size_t at = 0; at < due.size(); at += kLookedAtTogether) {
    const auto begin = due.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = due.begin() + static_cast<std::ptrdiff_t>(std::min(due.size(), at + kLookedAtTogether));
    std::vector<std::shared_ptr<Replica>> some(begin, end);
    co_await look_at(std::move(some));
  }
}

awaitable<void> ReplicaFollower::look_at(std::vector<std::shared_ptr<Replica>> looked_at) {
  std::vector<std::string> ids;
  for (const auto& replica : looked_at) ids.push_back(replica->id);
  auto answered = co_await context_.records.look_at_jobs(std::move(ids));
  auto answers = value_or_throw(std::move(answered));
  for (std::size_t i = 0; i < looked_at.size(); ++i) {
    if (!is_open(*looked_at[i])) continue;
    Result<JobLookAnswer>& answer = answers[i];
    if (answer && std::holds_alternative<JobTooLarge>(*answer))
      (void)co_await reader_.read_current(looked_at[i]->id, GenerationReader::Follow::kYes);
    auto* const found = answer ? std::get_if<LookedAt>(&*answer) : nullptr;
    if (found == nullptr || is_terminal(found->state) || found->sequence != looked_at[i]->log_sequence()) {
      co_await read_log(looked_at[i]->id);
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

awaitable<void> ReplicaFollower::look_at_one(std::shared_ptr<Replica> replica,
                                             UnreportedGeneration unreported) {
  if (replica->owned) co_return;
  // The record says queued until somebody of ours begins; the log may know of another worker.
  if (replica->generation->state() == GenerationState::kRunning) unreported.state = GenerationState::kRunning;
  unreported.seen_progress = replica->seen_progress;
  const bool says_more = unreported.job.finished_on || unreported.job.progress != replica->seen_progress;
  if (unreported.attempt == 0 && says_more) {
    auto told = replica->generation->record();
    unreported.told = {std::move(told.text), std::move(told.parts)};
  }
  // Between its admission and its add there is no job yet.
  const auto age = context_.clock.now() - replica->generation->id().created_at();
  if (!unreported.job.exists && age < missing_after(context_.options.queue)) co_return;
  const std::string progress = unreported.job.progress;
  const bool reported = co_await ends_.report(replica->id, std::move(unreported));
  replica->seen_progress = progress;
  // A worker that we only see through its job is looked at closely.
  if (reported) replica->pause = Replicas::kFirstPause;
}

awaitable<void> ReplicaFollower::let_unused_go() {
  auto unwatched = replicas_.take_unused(context_.clock.steady_now());
  // One call in the same turn, and never sent again: a watch that comes afterwards is entered behind it.
  if (!unwatched.empty()) co_await context_.records.unwatch(std::move(unwatched));
}

}  // namespace shunt::executor

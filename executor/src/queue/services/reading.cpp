#include <algorithm>
#include <functional>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/runtime/run_on_pool.hpp"
#include "queue/runtime/generation_deadline.hpp"
#include "queue/services/queue_core.hpp"
#include "queue/services/queue_launch.hpp"
#include "queue/runtime/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

bool is_open(const StoredGeneration& stored) {
  return !is_terminal(stored.generation->state()) && !stored.withheld;
}

}  // namespace

Error cannot_look(const std::exception& error) {
  return {std::string(error_code::kQueueUnavailable),
          std::string("generations cannot be looked up now: ") + error.what(), true};
}

awaitable<Result<ReadOutcome>> QueueCore::read(std::string id, bool watching) {
  const auto follow = watching ? GenerationRecords::Follow::kYes : GenerationRecords::Follow::kNo;
  auto outcome = co_await records_.read(id, follow);
  if (!outcome && outcome.error().code != error_code::kOverloaded)
    co_return tell_broken(id, std::move(outcome).error());
  auto* const stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
  if (stored == nullptr || !stored->withheld) co_return outcome;
  auto failure = co_await load_result(*stored->withheld);
  if (failure) co_return std::move(*failure);
  stored->generation->apply(std::move(*std::exchange(stored->withheld, std::nullopt)));
  co_return outcome;
}

// And ends it first, if it has ended without anybody's having said so.
awaitable<Result<ReadOutcome>> QueueCore::read_settled(std::string id, bool watching) {
  auto outcome = co_await read(id, watching);
  const auto* const stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
  if (stored == nullptr) co_return outcome;
  const bool settled = co_await settle(*stored);
  if (settled) outcome = co_await read(id, watching);
  co_return outcome;
}

// The result that the end of a log only refers to. Returns what is wrong, if it cannot be had.
awaitable<std::optional<Error>> QueueCore::load_result(GenerationEvent& ending) {
  auto& succeeded = std::get<event::Succeeded>(ending.payload);
  auto bytes = co_await read_stored(succeeded.stored->sha256);
  if (!bytes) co_return std::move(bytes).error();
  auto result = parse_json(**bytes);
  if (!result) co_return broken_record("the stored result of a generation", result.error().message);
  succeeded.result = std::move(*result);
  succeeded.stored.reset();
  co_return std::nullopt;
}

// On a thread that may block.
awaitable<Result<std::shared_ptr<const std::string>>> QueueCore::read_stored(std::string digest) {
  ArtifactStore* const store = &artifacts;
  std::function<Result<std::shared_ptr<const std::string>>()> work = [store, digest = std::move(digest)] {
    return store->get(digest);
  };
  auto bytes = co_await run_on(files_, std::move(work));
  co_return bytes;
}

awaitable<Result<std::shared_ptr<const std::string>>> QueueCore::load(Artifact artifact) {
  if (artifact.bytes) co_return artifact.contents();
  if (artifact.sha256.empty()) {
    co_return Error{std::string(error_code::kArtifactGone),
                    "the artifact's event does not tell where it lies"};
  }
  auto bytes = co_await read_stored(std::move(artifact.sha256));
  co_return bytes;
}

awaitable<Result<std::shared_ptr<const std::string>>> QueueCore::read_part(Artifact artifact,
                                                                           std::size_t offset,
                                                                           std::size_t length) {
  if (artifact.bytes || artifact.sha256.empty()) co_return artifact.part(offset, length);
  ArtifactStore* const store = &artifacts;
  const std::size_t size = artifact.size();
  std::function<Result<std::shared_ptr<const std::string>>()> work =
      [store, digest = std::move(artifact.sha256), size, offset, length] {
        return store->read(digest, size, offset, length);
      };
  auto bytes = co_await run_on(files_, std::move(work));
  co_return bytes;
}

awaitable<Result<FindOutcome>> QueueCore::find(GenerationId id) {
  // What has ended does not change any more.
  if (const auto replica = replicas_.find(id.to_string()); replica && is_terminal(replica->generation->state())) {
    co_return FindOutcome(replica->generation->record());
  }
  std::optional<Error> failure;
  try {
    auto outcome = co_await read_settled(id.to_string(), false);
    if (!outcome) co_return std::move(outcome).error();
    if (auto* const stored = std::get_if<StoredGeneration>(&*outcome)) {
      co_return FindOutcome(stored->generation->record());
    }
    if (std::holds_alternative<GenerationGone>(*outcome)) co_return FindOutcome(GenerationGone{});
  } catch (const std::exception& error) {
    note_caught(faults, "find");
    failure = cannot_look(error);
  }
  if (failure) co_return std::move(*failure);
  co_return FindOutcome(GenerationUnknown{});
}

// Writes the end of a generation that has ended, or whose time is over, without anybody's having said so:
// anybody who looks may do it, and the first wins. False: there was nothing to write.
awaitable<bool> QueueCore::settle(const StoredGeneration& stored) {
  if (!is_open(stored)) co_return false;
  const auto record = stored.generation->record(Generation::Detail::kSummary);
  const std::string id = record.id.to_string();
  UnreportedGeneration unreported;
  unreported.state = record.state;
  unreported.sequence = stored.sequence;
  unreported.attempt = stored.attempt;
  unreported.job = stored.job;
  // Whoever runs it may still write its end.
  const bool missing = !stored.job.exists && stored.worker.empty() &&
                       clock.now() - record.created_at >= missing_after(options.queue);
  if (missing || stored.job.finished_on) {
    const bool ended = co_await conclude_silent(id, std::move(unreported));
    co_return ended;
  }
  const bool runs = !stored.worker.empty() || (stored.attempt == 0 && stored.job.processed_on);
  const auto grace = runs ? grace_of(record.model) : std::chrono::milliseconds(0);
  if (!record.deadline || clock.now() < *record.deadline + grace) co_return false;
  std::vector<GenerationEvent> end;
  end.push_back({stored.sequence + 1, clock.now(), event::Failed{deadline_exceeded(record)}});
  const bool ended = co_await conclude(id, stored.attempt, std::move(end));
  if (ended) co_await try_to_remove_job(stored.queue, id);
  co_return ended;
}

awaitable<Result<WatchOutcome>> QueueCore::watch(GenerationId id, WatchOptions watch_options) {
  const std::string name = id.to_string();
  if (const auto replica = replicas_.find(name)) {
    co_return WatchOutcome(replicas_.watch(replica, watch_options, clock.steady_now()));
  }
  std::optional<Error> failure;
  try {
    auto outcome = co_await read_settled(name, true);
    if (!outcome) co_return std::move(outcome).error();
    if (std::holds_alternative<GenerationGone>(*outcome)) co_return WatchOutcome(GenerationGone{});
    auto* stored = std::get_if<StoredGeneration>(&*outcome);
    if (stored == nullptr) co_return WatchOutcome(GenerationUnknown{});
    if (!is_open(*stored)) co_return WatchOutcome(stored->generation->watch(watch_options));
    // While we waited, somebody else here may have asked too.
    auto replica = replicas_.find(name);
    if (!replica) {
      const auto deadline = stored->generation->record(Generation::Detail::kSummary).deadline;
      const auto left = deadline ? time_until(*deadline, clock.now()) : std::chrono::hours(24);
      replica = replicas_.add(stored->generation, clock.steady_now() + left, clock.steady_now());
      replica->attempt = std::max<std::uint64_t>(stored->attempt, 1);
      mind(*replica);
    }
    co_return WatchOutcome(replicas_.watch(replica, watch_options, clock.steady_now()));
  } catch (const std::exception& error) {
    note_caught(faults, "watch");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

}  // namespace shunt::executor

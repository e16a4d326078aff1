#include <algorithm>
#include <functional>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/file_work.hpp"
#include "queue/generation_scripts.hpp"
#include "queue/overdue.hpp"
#include "queue/queue_core.hpp"
#include "queue/queue_launch.hpp"
#include "queue/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

// How many ids one call of list.lua goes through, and how many calls one page may take when its filters let
// little through.
constexpr std::size_t kStretch = 200;
constexpr int kStretches = 50;

bool passes(const ListQuery& query, const std::string& state, const Envelope& head) {
  if (query.state && to_string(*query.state) != state) return false;
  if (query.model && *query.model != head.request.model) return false;
  return !query.caller || *query.caller == head.request.caller;
}

bool is_open(const StoredGeneration& stored) {
  return !is_terminal(stored.generation->state()) && !stored.withheld;
}

}  // namespace

Error cannot_look(const std::exception& error) {
  return {std::string(error_code::kQueueUnavailable),
          std::string("generations cannot be looked up now: ") + error.what(), true};
}

awaitable<Result<ReadOutcome>> QueueCore::read(std::string id, bool watching) {
  std::vector<std::string> script_keys = keys.of_scripts();
  std::vector<std::string> arguments{watching ? process : std::string(), std::move(id)};
  bullmq::CommandOptions again;
  again.idempotent = true;
  const bullmq::RedisReply reply =
      co_await queries_.run(scripts::read(), std::move(script_keys), std::move(arguments), again);
  auto outcome = decode_stored(reply.elements.at(0), clock, *options.memory);
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
  if (!result) co_return std::move(result).error();
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
  if (artifact.bytes || artifact.sha256.empty()) co_return artifact.contents();
  auto bytes = co_await read_stored(std::move(artifact.sha256));
  co_return bytes;
}

awaitable<Result<std::shared_ptr<const std::string>>> QueueCore::read_part(Artifact artifact,
                                                                           std::size_t offset,
                                                                           std::size_t length) {
  if (artifact.bytes || artifact.sha256.empty()) co_return artifact.part(offset, length);
  ArtifactStore* const store = &artifacts;
  std::function<Result<std::shared_ptr<const std::string>>()> work =
      [store, digest = std::move(artifact.sha256), offset, length] {
        return store->read(digest, offset, length);
      };
  auto bytes = co_await run_on(files_, std::move(work));
  co_return bytes;
}

awaitable<Result<FindOutcome>> QueueCore::find(GenerationId id) {
  // What has ended does not change any more.
  if (const auto mirror = mirrors_.find(id.to_string()); mirror && is_terminal(mirror->generation->state())) {
    co_return FindOutcome(mirror->generation->record());
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
  const std::string attempt = std::to_string(stored.attempt);
  SilentGeneration silent;
  silent.state = record.state;
  silent.sequence = stored.sequence;
  silent.attempt = stored.attempt;
  silent.job = stored.job;
  // Whoever runs it may still write its end.
  const bool missing = !stored.job.exists && stored.worker.empty() &&
                       clock.now() - record.created_at >= missing_after(options.queue);
  if (missing || stored.job.finished_on) {
    const bool ended = co_await conclude_silent(id, std::move(silent));
    co_return ended;
  }
  const bool runs = !stored.worker.empty() || (stored.attempt == 0 && stored.job.processed_on);
  const auto grace = runs ? grace_of(record.model) : std::chrono::milliseconds(0);
  if (!record.deadline || clock.now() < *record.deadline + grace) co_return false;
  std::vector<GenerationEvent> end;
  end.push_back({stored.sequence + 1, clock.now(), event::Failed{deadline_exceeded(record)}});
  const bool ended = co_await conclude(id, attempt, std::move(end));
  if (ended) co_await remove_job(record.model, id);
  co_return ended;
}

awaitable<std::optional<GenerationRecord>> QueueCore::read_summary(std::string id) {
  std::vector<std::string> script_keys = keys.of_scripts();
  std::vector<std::string> arguments{std::string(), std::move(id)};  // nobody watches
  const bullmq::RedisReply reply =
      co_await queries_.run(scripts::read(), std::move(script_keys), std::move(arguments));
  auto outcome = decode_stored(reply.elements.at(0), clock, *options.memory);
  auto* const stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
  if (stored == nullptr) co_return std::nullopt;
  // A summary has no result.
  if (stored->withheld) stored->generation->apply(std::move(*stored->withheld));
  co_return stored->generation->record(Generation::Detail::kSummary);
}

awaitable<Result<RecordPage>> QueueCore::list(ListQuery query) {
  std::optional<Error> failure;
  try {
    RecordPage page;
    std::string before = query.before ? query.before->to_string() : std::string();
    std::vector<std::string> chosen;
    bool more = true;
    for (int stretch = 0; more && chosen.size() <= query.limit && stretch < kStretches; ++stretch) {
      std::vector<std::string> script_keys = keys.of_scripts();
      std::vector<std::string> arguments{before, std::to_string(kStretch)};
      const bullmq::RedisReply reply =
          co_await queries_.run(scripts::list(), std::move(script_keys), std::move(arguments));
      more = reply.elements.size() == kStretch;
      for (const bullmq::RedisReply& entry : reply.elements) {
        before = entry.elements.at(0).text;
        const std::string& state = entry.elements.at(1).text;
        if (state.empty()) continue;
        const auto head = decode_envelope(entry.elements.at(2).text);
        if (!head || !passes(query, state, *head)) continue;
        chosen.push_back(before);
        // One more than asked for tells whether there is a next page.
        if (chosen.size() > query.limit) break;
      }
    }
    if (chosen.size() > query.limit) {
      chosen.pop_back();
      if (!chosen.empty()) page.next = GenerationId::parse(chosen.back());
    }
    // One by one: logs may be long, and a script that reads many of them would hold up everybody.
    for (std::string& id : chosen) {
      auto record = co_await read_summary(std::move(id));
      if (record) page.records.push_back(std::move(*record));
    }
    co_return page;
  } catch (const std::exception& error) {
    note_caught(faults, "list");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

awaitable<Result<WatchOutcome>> QueueCore::watch(GenerationId id, WatchOptions watch_options) {
  const std::string name = id.to_string();
  if (const auto mirror = mirrors_.find(name)) {
    co_return WatchOutcome(mirrors_.watch(mirror, watch_options, clock.steady_now()));
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
    auto mirror = mirrors_.find(name);
    if (!mirror) {
      const auto deadline = stored->generation->record(Generation::Detail::kSummary).deadline;
      const auto left = deadline ? *deadline - clock.now() : std::chrono::hours(24);
      mirror = mirrors_.add(stored->generation, clock.steady_now() + left, clock.steady_now());
      mirror->attempt = std::max<std::uint64_t>(stored->attempt, 1);
      mind(*mirror);
    }
    co_return WatchOutcome(mirrors_.watch(mirror, watch_options, clock.steady_now()));
  } catch (const std::exception& error) {
    note_caught(faults, "watch");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

}  // namespace shunt::executor

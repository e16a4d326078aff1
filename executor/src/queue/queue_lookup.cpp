#include <functional>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/file_work.hpp"
#include "queue/generation_scripts.hpp"
#include "queue/queue_core.hpp"
#include "queue/queue_launch.hpp"
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
  return !is_terminal(stored.generation->state());
}

// Whether the job says more than the log does.
bool has_ended_silently(const StoredGeneration& stored) {
  return is_open(stored) && stored.job.exists && stored.job.finished_on.has_value();
}

}  // namespace

Error cannot_look(const std::exception& error) {
  return {std::string(error_code::kQueueUnavailable),
          std::string("generations cannot be looked up now: ") + error.what(), true};
}

awaitable<Result<ReadOutcome>> QueueCore::read(std::string id, bool watching) {
  std::vector<std::string> script_keys{keys.base};
  std::vector<std::string> arguments{watching ? process : std::string(), std::move(id)};
  bullmq::CommandOptions again;
  again.idempotent = true;
  const bullmq::RedisReply reply =
      co_await queries_.run(scripts::read(), std::move(script_keys), std::move(arguments), again);
  co_return decode_stored(reply.elements.at(0), clock);
}

// Bytes come with a record, as in sync mode; they are read on a thread that may block.
awaitable<void> QueueCore::load_artifacts(GenerationRecord& record) {
  for (Artifact& artifact : record.artifacts) {
    if (artifact.bytes || artifact.sha256.empty()) continue;
    const std::string digest = artifact.sha256;
    ArtifactStore* const store = &artifacts;
    std::function<Result<std::shared_ptr<const std::string>>()> work = [store, digest] {
      return store->get(digest);
    };
    auto bytes = co_await run_on(files_, std::move(work));
    if (bytes) artifact.bytes = std::move(*bytes);
  }
}

awaitable<Result<FindOutcome>> QueueCore::find(GenerationId id) {
  // What has ended does not change any more.
  if (const auto mirror = mirrors_.find(id.to_string()); mirror && is_terminal(mirror->generation->state())) {
    GenerationRecord record = mirror->generation->record();
    co_await load_artifacts(record);
    co_return FindOutcome(std::move(record));
  }
  std::optional<Error> failure;
  try {
    auto outcome = co_await read(id.to_string(), false);
    if (!outcome) co_return std::move(outcome).error();
    auto* stored = std::get_if<StoredGeneration>(&*outcome);
    if (stored != nullptr && has_ended_silently(*stored)) {
      co_await end_silent(*stored);
      outcome = co_await read(id.to_string(), false);
      if (!outcome) co_return std::move(outcome).error();
      stored = std::get_if<StoredGeneration>(&*outcome);
    }
    if (stored != nullptr) {
      GenerationRecord record = stored->generation->record();
      co_await load_artifacts(record);
      co_return FindOutcome(std::move(record));
    }
    if (std::holds_alternative<GenerationGone>(*outcome)) co_return FindOutcome(GenerationGone{});
  } catch (const std::exception& error) {
    failure = cannot_look(error);
  }
  if (failure) co_return std::move(*failure);
  co_return FindOutcome(GenerationUnknown{});
}

// Writes the end of a generation whose job has ended without one: anybody who looks may do it, and the first
// wins.
awaitable<void> QueueCore::end_silent(StoredGeneration& stored) {
  SilentGeneration silent;
  silent.state = stored.generation->state();
  silent.sequence = stored.sequence;
  silent.attempt = stored.attempt;
  silent.job = stored.job;
  auto events = events_of_silent_job(silent, clock.now());
  if (events.empty()) co_return;
  co_await conclude(stored.generation->id().to_string(), std::to_string(stored.attempt), std::move(events));
}

awaitable<bool> QueueCore::conclude(std::string id, std::string attempt,
                                    std::vector<GenerationEvent> events) {
  LogBatch batch = make_batch(std::move(id), std::move(attempt), events);
  const AppendAnswer answer = co_await log_->append(std::move(batch));
  co_return answer.taken;
}

awaitable<Result<RecordPage>> QueueCore::list(ListQuery query) {
  std::optional<Error> failure;
  try {
    RecordPage page;
    std::string before = query.before ? query.before->to_string() : std::string();
    std::vector<std::string> chosen{std::string()};  // nobody watches
    bool more = true;
    for (int stretch = 0; more && chosen.size() <= query.limit + 1 && stretch < kStretches; ++stretch) {
      std::vector<std::string> script_keys{keys.base};
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
        if (chosen.size() == query.limit + 2) break;
      }
    }
    const bool has_next = chosen.size() == query.limit + 2;
    if (has_next) chosen.pop_back();
    if (chosen.size() > 1) {
      std::vector<std::string> script_keys{keys.base};
      if (has_next) page.next = GenerationId::parse(chosen.back());
      const bullmq::RedisReply reply =
          co_await queries_.run(scripts::read(), std::move(script_keys), std::move(chosen));
      for (const bullmq::RedisReply& element : reply.elements) {
        const auto outcome = decode_stored(element, clock);
        const auto* stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
        if (stored != nullptr)
          page.records.push_back(stored->generation->record(Generation::Detail::kSummary));
      }
    }
    co_return page;
  } catch (const std::exception& error) {
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
    auto outcome = co_await read(name, true);
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
    }
    co_return WatchOutcome(mirrors_.watch(mirror, watch_options, clock.steady_now()));
  } catch (const std::exception& error) {
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

awaitable<Result<CancelOutcome>> QueueCore::cancel(GenerationId id, std::string reason) {
  const std::string name = id.to_string();
  std::optional<Error> failure;
  try {
    while (true) {
      std::vector<std::string> script_keys{keys.base};
      std::vector<std::string> arguments;
      arguments.push_back(name);
      arguments.push_back(reason);
      arguments.push_back(std::to_string(options.queue.max_inbox_entries));
      arguments.push_back("60000");
      const bullmq::RedisReply reply =
          co_await queries_.run(scripts::cancel(), std::move(script_keys), std::move(arguments));
      const std::string kind = reply.elements.at(0).text;
      const bool of_nobody = kind == "running" && reply.elements.at(1).text.empty();
      if (kind == "running" && !of_nobody) {
        if (const auto mirror = mirrors_.find(name)) {
          mirrors_.cancelling(mirror, clock.steady_now());
          mirror->generation->mark_cancel_requested();
        }
      }
      if (kind != "queued" && !of_nobody) break;
      // Nobody of ours has begun it: it ends here, unless a worker begins at this moment, who is told then.
      const auto sequence = static_cast<std::uint64_t>(reply.elements.at(kind == "queued" ? 1 : 2).to_int());
      std::vector<GenerationEvent> end;
      end.push_back({sequence + 1, clock.now(), event::Cancelled{reason}});
      const bool ended = co_await conclude(name, "0", std::move(end));
      if (ended) break;
    }
  } catch (const std::exception& error) {
    failure = cannot_look(error);
  }
  if (failure) co_return std::move(*failure);
  auto found = co_await find(id);
  const auto* record = found ? std::get_if<GenerationRecord>(&*found) : nullptr;
  if (record != nullptr && record->state == GenerationState::kCancelled) {
    launch(
        [](std::shared_ptr<QueueCore> self, std::string model, std::string job) -> awaitable<void> {
          co_await self->remove_job(std::move(model), std::move(job));
        },
        record->model, name);
  }
  co_return found;
}

// So that no worker takes it for nothing. One that has it already finds it ended.
awaitable<void> QueueCore::remove_job(std::string model, std::string id) {
  const auto queue = queues_.find(model);
  if (queue == queues_.end()) co_return;
  try {
    std::vector<std::string> script_keys{keys.base};
    std::vector<std::string> arguments{id};
    co_await queries_.run(scripts::shelve(), std::move(script_keys), std::move(arguments));
    co_await queue->second.remove(std::move(id));
  } catch (const std::exception&) {
  }
}

}  // namespace shunt::executor

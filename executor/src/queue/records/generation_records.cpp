#include "queue/records/generation_records.hpp"

#include <utility>

#include "bullmq/error.hpp"
#include "queue/records/generation_scripts.hpp"

namespace shunt::executor {
namespace {

// A stream of a process that nobody has written to for so long belongs to a process that is gone, or is
// empty.
constexpr const char* kStreamTtlMs = "60000";
// After a call that many appends shared, the next one waits this long unless one is urgent.
constexpr std::chrono::milliseconds kLinger{5};
// The bytes of records that one call of summary.lua carries.
constexpr const char* kSummaryBytes = "262144";
// Longer than a removal takes, with all the tries of a bucket's.
constexpr const char* kRemovalMs = "120000";

std::string ms(std::chrono::milliseconds duration) {
  return std::to_string(duration.count());
}

std::string ms(WallTime time) {
  return std::to_string(time.time_since_epoch().count());
}

ScriptBatcherOptions admitting(const GenerationKeys& keys, const GenerationRecordsOptions& options) {
  ScriptBatcherOptions batcher;
  batcher.keys = keys.of_scripts();
  batcher.common = [queue = options.queue, process = options.process, clock = options.clock] {
    std::vector<std::string> common{ms(clock->now()),
                                    ms(queue.claim_age),
                                    process,
                                    queue.require_worker ? "1" : "",
                                    ms(queue.min_claim_age),
                                    std::to_string(queue.max_claims)};
    return common;
  };
  return batcher;
}

ScriptBatcherOptions beginning(const GenerationKeys& keys, const GenerationRecordsOptions& options) {
  ScriptBatcherOptions batcher;
  batcher.keys = keys.of_scripts();
  batcher.common = [process = options.process] { return std::vector<std::string>{process}; };
  // Once more than needed does no harm: it is one more attempt.
  batcher.idempotent = true;
  return batcher;
}

ScriptBatcherOptions appending(const GenerationKeys& keys, const GenerationRecordsOptions& options) {
  ScriptBatcherOptions batcher;
  batcher.keys = keys.of_scripts();
  batcher.common = [entries = std::to_string(options.queue.max_inbox_entries)] {
    return std::vector<std::string>{entries, kStreamTtlMs};
  };
  batcher.idempotent = true;
  batcher.linger = kLinger;
  if (WorkerObserver* const observer = options.observer; observer != nullptr) {
    batcher.on_call = [observer](const bullmq::BatchCall& call) {
      observer->appended(
          {.batches = call.items, .bytes = call.bytes, .took = call.took, .failed = call.failed});
    };
  }
  return batcher;
}

}  // namespace

GenerationRecords::GenerationRecords(EventLoop& loop, bullmq::Redis redis,
                                     const GenerationRecordsOptions& options)
    : redis_(std::move(redis)),
      options_(options),
      keys_(options.queue.prefix),
      admissions_(make_script_batcher(loop, redis_, scripts::admit(), admitting(keys_, options_))),
      begins_(make_script_batcher(loop, redis_, scripts::begin(), beginning(keys_, options_))),
      appends_(make_script_batcher(loop, redis_, scripts::append(), appending(keys_, options_))) {}

std::string GenerationRecords::now_ms() const {
  return ms(options_.clock->now());
}

awaitable<bullmq::RedisReply> GenerationRecords::run(const bullmq::RedisScript& script,
                                                     std::vector<std::string> arguments, Repeat repeat) {
  std::vector<std::string> script_keys = keys_.of_scripts();
  bullmq::CommandOptions options;
  options.idempotent = repeat == Repeat::kHarmless;
  bullmq::RedisReply reply =
      co_await redis_.run(script, std::move(script_keys), std::move(arguments), options);
  co_return reply;
}

awaitable<bullmq::RedisReply> GenerationRecords::execute(std::vector<std::string> command, Repeat repeat) {
  bullmq::CommandOptions options;
  options.idempotent = repeat == Repeat::kHarmless;
  bullmq::RedisReply reply = co_await redis_.execute(std::move(command), options);
  co_return reply;
}

awaitable<Result<AdmitAnswer>> GenerationRecords::admit(AdmissionRequest request) {
  std::vector<std::string> arguments;
  arguments.reserve(12);
  arguments.push_back(std::move(request.id));
  arguments.push_back(keys_.queue(request.model));
  arguments.push_back(std::move(request.model));
  arguments.push_back(std::move(request.head));
  arguments.push_back(std::move(request.claim));
  arguments.push_back(std::move(request.fingerprint));
  arguments.push_back(std::to_string(request.max_waiting));
  arguments.push_back(std::to_string(request.slots));
  arguments.push_back(ms(request.ttl));
  arguments.push_back(std::move(request.caller));
  arguments.push_back(std::to_string(request.max_open));
  arguments.emplace_back(request.on_lost == OnLost::kFail ? "1" : "");
  const auto item = std::make_shared<ScriptItem>(std::move(arguments));
  co_await admissions_.join(item);
  co_return decode_admit(item->reply);
}

awaitable<Result<BeginAnswer>> GenerationRecords::begin(AttemptRequest request) {
  std::vector<std::string> arguments;
  arguments.reserve(5);
  arguments.push_back(std::move(request.id));
  arguments.push_back(keys_.queue(request.model));
  arguments.push_back(std::move(request.head));
  arguments.push_back(ms(request.ttl));
  arguments.push_back(ms(request.created_at) + ' ' + request.lock_token);
  const auto item = std::make_shared<ScriptItem>(std::move(arguments));
  co_await begins_.join(item);
  co_return decode_begin(item->reply);
}

awaitable<AppendAnswer> GenerationRecords::append(LogBatch batch) {
  // A client waits for an end.
  const bool urgent = batch.then != LogBatch::Then::kMore;
  std::vector<std::string> arguments;
  arguments.reserve(7);
  arguments.push_back(std::move(batch.id));
  arguments.push_back(attempt_of(batch));
  arguments.push_back(std::to_string(batch.first));
  arguments.push_back(std::to_string(batch.count));
  arguments.push_back(std::move(batch.events));
  arguments.push_back(end_of(batch));
  arguments.push_back(ms(options_.queue.retention));
  const auto item = std::make_shared<ScriptItem>(std::move(arguments), urgent);
  co_await appends_.join(item);
  co_return decode_append(item->reply);
}

awaitable<void> GenerationRecords::undo_admission(std::string id, std::string claim) {
  std::vector<std::string> arguments{std::move(id), std::move(claim)};
  (void)co_await run(scripts::undo_admission(), std::move(arguments), Repeat::kHarmless);
}

awaitable<Result<CancelAnswer>> GenerationRecords::cancel(std::string id, std::string reason) {
  std::vector<std::string> arguments{std::move(id), std::move(reason),
                                     std::to_string(options_.queue.max_inbox_entries), kStreamTtlMs};
  const bullmq::RedisReply reply = co_await run(scripts::cancel(), std::move(arguments), Repeat::kHarmless);
  co_return decode_cancel(reply);
}

awaitable<Result<ReadOutcome>> GenerationRecords::read(std::string id, Follow follow) {
  std::vector<std::string> arguments{follow == Follow::kYes ? options_.process : std::string(),
                                     std::to_string(options_.queue.max_record_bytes), id};
  const bullmq::RedisReply reply = co_await run(scripts::read(), std::move(arguments), Repeat::kHarmless);
  co_return decode_read(reply, id, keys_, *options_.clock, *options_.memory);
}

awaitable<Result<RequestAnswer>> GenerationRecords::request(std::string id) {
  std::vector<std::string> arguments{std::move(id)};
  const bullmq::RedisReply reply = co_await run(scripts::request(), std::move(arguments), Repeat::kNo);
  co_return decode_request(reply);
}

awaitable<void> GenerationRecords::keep_request(std::string id) {
  std::vector<std::string> arguments{std::move(id)};
  (void)co_await run(scripts::keep_request(), std::move(arguments), Repeat::kNo);
}

awaitable<Result<DeleteAnswer>> GenerationRecords::delete_ended(std::string id, Deletion how) {
  std::vector<std::string> arguments{std::move(id), how == Deletion::kDo ? "1" : "",
                                     std::to_string(options_.queue.max_inbox_entries), kStreamTtlMs};
  const bullmq::RedisReply reply = co_await run(scripts::delete_ended(), std::move(arguments), Repeat::kNo);
  co_return decode_delete(reply);
}

awaitable<Result<DeleteAnswer>> GenerationRecords::discard(std::string id, std::optional<std::string> caller,
                                                           Deletion how) {
  std::vector<std::string> arguments{std::move(id),
                                     caller ? "1" : "",
                                     caller.value_or(std::string()),
                                     how == Deletion::kDo ? "1" : "",
                                     std::to_string(options_.queue.max_inbox_entries),
                                     kStreamTtlMs};
  const bullmq::RedisReply reply = co_await run(scripts::discard(), std::move(arguments), Repeat::kNo);
  co_return decode_delete(reply);
}

awaitable<Result<bool>> GenerationRecords::was_of(std::string id, std::string caller) {
  std::vector<std::string> arguments{std::move(id), std::move(caller)};
  const bullmq::RedisReply reply = co_await run(scripts::was_of(), std::move(arguments), Repeat::kHarmless);
  co_return decode_was_of(reply);
}

awaitable<ReserveAnswer> GenerationRecords::reserve(std::string sha256, std::string id,
                                                    std::optional<std::uint64_t> attempt) {
  std::vector<std::string> arguments{std::move(sha256), std::move(id), now_ms()};
  if (attempt) arguments.push_back(std::to_string(*attempt));
  const bullmq::RedisReply reply = co_await run(scripts::reserve(), std::move(arguments), Repeat::kHarmless);
  co_return decode_reserve(reply);
}

awaitable<void> GenerationRecords::unwatch(std::vector<std::string> ids) {
  ids.insert(ids.begin(), options_.process);
  (void)co_await run(scripts::unwatch(), std::move(ids), Repeat::kNo);
}

awaitable<Result<std::vector<Result<JobLookAnswer>>>> GenerationRecords::look_at_jobs(
    std::vector<std::string> ids) {
  const std::size_t asked = ids.size();
  const bullmq::RedisReply reply = co_await run(scripts::look_at_jobs(), std::move(ids), Repeat::kHarmless);
  co_return decode_job_looks(reply, asked);
}

awaitable<Result<ListAnswer>> GenerationRecords::list(ListSearch search) {
  std::vector<std::string> arguments{std::move(search.before),
                                     std::to_string(search.stretch),
                                     std::to_string(search.wanted),
                                     search.caller ? "1" : "",
                                     search.caller.value_or(std::string()),
                                     std::string(search.state ? to_string(*search.state) : ""),
                                     search.model.value_or(std::string()),
                                     search.despite_unadopted ? "1" : ""};
  const bullmq::RedisReply reply = co_await run(scripts::list(), std::move(arguments), Repeat::kNo);
  co_return decode_list(reply);
}

awaitable<Result<Summaries>> GenerationRecords::summaries(std::vector<std::string> ids) {
  std::vector<std::string> arguments{kSummaryBytes, std::to_string(options_.queue.max_record_bytes)};
  arguments.insert(arguments.end(), ids.begin(), ids.end());
  const bullmq::RedisReply reply = co_await run(scripts::summary(), std::move(arguments), Repeat::kNo);
  co_return decode_summaries(reply, ids, keys_, *options_.clock, *options_.memory);
}

awaitable<Result<AdoptAnswer>> GenerationRecords::adopt(std::size_t most) {
  std::vector<std::string> arguments{std::to_string(most)};
  const bullmq::RedisReply reply = co_await run(scripts::adopt(), std::move(arguments), Repeat::kNo);
  co_return decode_adopt(reply);
}

awaitable<std::string> GenerationRecords::trim(WallTime oldest, std::string position) {
  std::vector<std::string> arguments{first_id_at(oldest), std::move(position)};
  const bullmq::RedisReply reply = co_await run(scripts::trim(), std::move(arguments), Repeat::kNo);
  co_return decode_position(reply);
}

awaitable<Result<StraysAnswer>> GenerationRecords::strays(std::string queue_key, std::size_t from,
                                                          std::size_t count) {
  std::vector<std::string> arguments{std::move(queue_key), std::to_string(count), std::to_string(from)};
  const bullmq::RedisReply reply = co_await run(scripts::strays(), std::move(arguments), Repeat::kNo);
  co_return decode_strays(reply);
}

awaitable<Result<ReleaseAnswer>> GenerationRecords::release(std::string position) {
  std::vector<std::string> arguments{std::move(position), kRemovalMs};
  const bullmq::RedisReply reply = co_await run(scripts::release(), std::move(arguments), Repeat::kNo);
  co_return decode_release(reply);
}

}  // namespace shunt::executor

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <utility>

#include "bullmq/error.hpp"
#include "bullmq_scripts.hpp"
#include "core/identity.hpp"
#include "queue/queue_state.hpp"
#include "redis/expected_reply.hpp"

namespace bullmq {

using detail::expect_integer;
using detail::expect_texts;
using detail::make_command;
using detail::make_query;
using detail::QueueBackend;
using detail::Reply;
using detail::ScriptCall;
namespace scripts = detail::scripts;

namespace {

awaitable<std::int64_t> set_paused(std::shared_ptr<QueueBackend> backend, bool paused, bool emit) {
  const auto& keys = backend->keys();
  const Reply reply =
      co_await backend->run(ScriptCall(scripts::pause, 2)
                                .add_all(paused ? keys.wait : keys.paused, paused ? keys.paused : keys.wait,
                                         keys.meta, keys.prioritized, keys.events, keys.delayed, keys.marker)
                                .add_all(paused ? "paused" : "resumed", emit ? 1 : 0)
                                .take());
  co_return expect_integer(reply, "pause");
}

awaitable<std::int64_t> move_jobs_to_wait(std::shared_ptr<QueueBackend> backend, JobState from,
                                          std::int64_t count, std::string timestamp) {
  const auto& keys = backend->keys();
  const Reply reply =
      co_await backend->run(ScriptCall(scripts::moveJobsToWait, 3)
                                .add_all(keys.base, keys.events, keys.of(detail::key_name_of(from)),
                                         keys.wait, keys.paused, keys.meta, keys.active, keys.marker)
                                .add_all(count, timestamp, detail::key_name_of(from))
                                .take());
  const std::int64_t more = expect_integer(reply, "moveJobsToWait");
  if (more != 0 && more != 1) detail::unexpected_reply("moveJobsToWait", "0 or 1", reply);
  co_return more;
}

}  // namespace

awaitable<void> Queue::pause() {
  co_await set_paused(state_->backend, true, true);
}

awaitable<void> Queue::resume() {
  const auto backend = state_->backend;
  // Lists of jobs that were paused by a version before 6 are moved a few thousand at a time.
  bool emit = true;
  std::int64_t left = 0;
  do {
    left = co_await set_paused(backend, false, emit);
    emit = false;
  } while (left > 0);
}

awaitable<bool> Queue::remove(std::string job_id, Children children) {
  const auto backend = state_->backend;
  const auto& keys = backend->keys();
  const Reply reply =
      co_await backend->run(ScriptCall(scripts::removeJob, 3)
                                .add_all(keys.job(job_id), keys.repeat)
                                .add_all(job_id, children == Children::remove ? 1 : 0, keys.base)
                                .take());
  QueueBackend::check(reply, job_id, "removeJob");
  co_return expect_integer(reply, "removeJob") != 0;
}

awaitable<void> Queue::drain(DelayedJobs delayed) {
  const auto backend = state_->backend;
  const auto& keys = backend->keys();
  co_await backend->run(ScriptCall(scripts::drain, 2)
                            .add_all(keys.wait, keys.paused, keys.delayed, keys.prioritized, keys.repeat)
                            .add_all(keys.base, delayed == DelayedJobs::remove ? 1 : 0)
                            .take());
}

awaitable<std::vector<std::string>> Queue::clean(CleanOptions options) {
  const auto backend = state_->backend;
  const auto& keys = backend->keys();
  // Of one call, so that Redis is not busy with it for long.
  constexpr std::int64_t kStep = 10'000;
  const std::int64_t step = options.limit > 0 ? std::min(kStep, options.limit) : kStep;
  const Timestamp before = detail::now_ms() - options.grace.count();
  std::vector<std::string> removed;
  while (options.limit <= 0 || static_cast<std::int64_t>(removed.size()) < options.limit) {
    Reply reply = co_await backend->run(
        ScriptCall(scripts::cleanJobsInSet, 4)
            .add_all(keys.of(detail::key_name_of(options.state)), keys.events, keys.repeat)
            .add_all(keys.base, before, step, detail::key_name_of(options.state))
            .take());
    std::vector<std::string> ids = expect_texts(std::move(reply), "cleanJobsInSet");
    const bool last = static_cast<std::int64_t>(ids.size()) < step;
    removed.insert(removed.end(), std::make_move_iterator(ids.begin()), std::make_move_iterator(ids.end()));
    if (last) break;
  }
  co_return removed;
}

awaitable<void> Queue::obliterate(ObliterateOptions options) {
  const auto backend = state_->backend;
  const auto& keys = backend->keys();
  co_await set_paused(backend, true, true);
  while (true) {
    const Reply reply = co_await backend->run(ScriptCall(scripts::obliterate, 2)
                                                  .add_all(keys.meta, keys.base)
                                                  .add_all(options.count, options.force ? "force" : "")
                                                  .take());
    const std::int64_t answer = expect_integer(reply, "obliterate");
    if (answer == -1) throw Error("Cannot obliterate non-paused queue");
    if (answer == -2) throw Error("Cannot obliterate queue with active jobs");
    if (answer == 0) co_return;
    if (answer != 1) detail::unexpected_reply("obliterate", "-2 to 1", reply);
  }
}

awaitable<void> Queue::retry_jobs(RetryJobsOptions options) {
  const auto backend = state_->backend;
  const std::string before = std::to_string(options.before.value_or(detail::now_ms()));
  std::int64_t more = 0;
  do {
    more = co_await move_jobs_to_wait(backend, options.state, options.count, before);
  } while (more != 0);
}

awaitable<void> Queue::promote_jobs(std::int64_t count) {
  const auto backend = state_->backend;
  // The cutoff is compared with the raw score: the largest double there is.
  std::int64_t more = 0;
  do {
    more = co_await move_jobs_to_wait(backend, JobState::delayed, count, "1.7976931348623157e+308");
  } while (more != 0);
}

awaitable<void> Queue::update_job_progress(std::string job_id, std::string json) {
  Job job = state_->handle(std::move(job_id));
  co_await job.update_progress(std::move(json));
}

awaitable<std::int64_t> Queue::add_job_log(std::string job_id, std::string line,
                                           std::optional<std::int64_t> keep) {
  JobRecord record;
  record.id = std::move(job_id);
  record.options.keep_logs = keep;
  Job job = state_->backend->make_job(std::move(record));
  const auto count_of_lines = co_await job.log(std::move(line));
  co_return count_of_lines;
}

awaitable<std::int64_t> Queue::trim_events(std::int64_t max_length) {
  const auto backend = state_->backend;
  const Reply reply =
      co_await backend->run(make_command("XTRIM", backend->keys().events, "MAXLEN", "~", max_length));
  co_return expect_integer(reply, "XTRIM");
}

awaitable<void> Queue::rate_limit(Milliseconds duration) {
  const auto backend = state_->backend;
  // More than any limit: JavaScript's largest exact integer, as upstream writes it.
  co_await backend->run(
      make_command("SET", backend->keys().limiter, 9'007'199'254'740'991, "PX", duration.count()));
}

awaitable<bool> Queue::remove_rate_limit_key() {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(make_command("DEL", backend->keys().limiter));
  co_return expect_integer(reply, "DEL") > 0;
}

awaitable<bool> Queue::remove_deduplication_key(std::string deduplication_id) {
  const auto backend = state_->backend;
  const Reply reply =
      co_await backend->run(make_command("DEL", backend->keys().deduplication(deduplication_id)));
  co_return expect_integer(reply, "DEL") > 0;
}

awaitable<std::int64_t> Queue::set_global_concurrency(std::int64_t concurrency) {
  const auto backend = state_->backend;
  const Reply reply =
      co_await backend->run(make_command("HSET", backend->keys().meta, "concurrency", concurrency));
  co_return expect_integer(reply, "HSET");
}

awaitable<std::int64_t> Queue::remove_global_concurrency() {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(make_command("HDEL", backend->keys().meta, "concurrency"));
  co_return expect_integer(reply, "HDEL");
}

awaitable<std::int64_t> Queue::set_global_rate_limit(std::int64_t max, Milliseconds duration) {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(
      make_command("HSET", backend->keys().meta, "max", max, "duration", duration.count()));
  co_return expect_integer(reply, "HSET");
}

awaitable<std::int64_t> Queue::remove_global_rate_limit() {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(make_command("HDEL", backend->keys().meta, "max", "duration"));
  co_return expect_integer(reply, "HDEL");
}

awaitable<bool> Queue::remove_deprecated_priority_key() {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(make_command("DEL", backend->keys().of("priority")));
  co_return expect_integer(reply, "DEL") > 0;
}

awaitable<std::int64_t> Queue::remove_orphaned_jobs(std::int64_t count, std::int64_t limit) {
  const auto backend = state_->backend;
  const auto& keys = backend->keys();
  static constexpr std::array kQueueParts{
      "active",      "wait",          "waiting-children", "paused", "id",      "delayed",
      "prioritized", "stalled-check", "completed",        "failed", "stalled", "repeat",
      "limiter",     "meta",          "events",           "pc",     "marker",  "de"};
  static constexpr std::array kJobParts{"logs",   "dependencies", "processed",
                                        "failed", "unsuccessful", "lock"};
  const auto is_queue_part = [](std::string_view part) {
    return std::find(kQueueParts.begin(), kQueueParts.end(), part) != kQueueParts.end();
  };
  std::int64_t removed = 0;
  std::string cursor = "0";
  do {
    Reply reply = co_await backend->run(make_query("SCAN", cursor, "MATCH", keys.base + "*", "COUNT", count));
    std::vector<Reply> page = detail::expect_array(std::move(reply), "SCAN", 2, 2);
    cursor = detail::expect_id(std::move(page[0]), "SCAN");
    std::set<std::string> candidates;
    for (const std::string& key : expect_texts(std::move(page[1]), "SCAN")) {
      if (!key.starts_with(keys.base)) continue;
      const std::string suffix = key.substr(keys.base.size());
      const auto colon = suffix.find(':');
      const std::string id = suffix.substr(0, colon);
      if (is_queue_part(suffix) || is_queue_part(id)) continue;
      if (colon != std::string::npos &&
          std::find(kJobParts.begin(), kJobParts.end(), suffix.substr(colon + 1)) == kJobParts.end()) {
        continue;
      }
      candidates.insert(id);
    }
    if (candidates.empty()) continue;
    ScriptCall call(scripts::removeOrphanedJobs,
                    2 + kQueueParts.size() + kJobParts.size() + candidates.size());
    call.add(keys.base).add(kQueueParts.size());
    for (const char* part : kQueueParts) call.add(part);
    call.add(kJobParts.size());
    for (const char* part : kJobParts) call.add(part);
    for (const std::string& id : candidates) call.add(id);
    const Reply count_removed = co_await backend->run(call.take());
    removed += std::clamp<std::int64_t>(expect_integer(count_removed, "removeOrphanedJobs"), 0,
                                        static_cast<std::int64_t>(candidates.size()));
    if (limit > 0 && removed >= limit) break;
  } while (cursor != "0");
  co_return removed;
}

}  // namespace bullmq

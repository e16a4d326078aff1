#include "bullmq/queue.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <set>
#include <utility>

#include "backend/client_list.hpp"
#include "backend/queue_backend.hpp"
#include "bullmq/error.hpp"
#include "bullmq/version.hpp"
#include "bullmq_scripts.hpp"
#include "core/identity.hpp"
#include "core/job_options_codec.hpp"
#include "core/job_validation.hpp"
#include "redis/endpoint.hpp"

namespace bullmq {

namespace asio = boost::asio;
using detail::make_command;
using detail::make_query;
using detail::QueueBackend;
using detail::Reply;
using detail::ScriptCall;
namespace scripts = detail::scripts;

struct Queue::State {
  QueueOptions options;
  std::shared_ptr<QueueBackend> backend;
  bool shares_connection = false;
};

namespace {

// Upstream's order of states when all are asked for.
const std::vector<JobState> kAllStates{JobState::active,          JobState::completed,   JobState::delayed,
                                       JobState::failed,          JobState::prioritized, JobState::waiting,
                                       JobState::waiting_children};

std::string_view key_name_of(JobState state) {
  return state == JobState::waiting ? "wait" : name_of(state);
}

// Written once the connection is there; nobody waits for it, and what goes wrong is seen by the next
// operation.
awaitable<void> write_meta(std::shared_ptr<QueueBackend> backend, std::int64_t max_len_events) {
  try {
    co_await backend->run(make_command("HSET", backend->keys().meta, "opts.maxLenEvents", max_len_events,
                                       "version", "bullmq:" + std::string(upstream_version())));
  } catch (const Error&) {
  }
}

void validate(const std::string& name, const QueueOptions& options) {
  detail::validate_queue_name(name);
  if (options.bulk_chunk_jobs == 0) throw ValidationError("bulk_chunk_jobs must be greater than 0, got 0");
  detail::require_hash_tag(options.connection, options.prefix, name);
}

detail::JobToAdd prepare(std::string name, std::string data, const JobOptions& defaults,
                         const JobOptions& options) {
  detail::JobToAdd job{std::move(name), std::move(data), merge(defaults, options), 0};
  job.timestamp = job.options.timestamp.value_or(0);
  // 0 is "not set", as with upstream.
  if (job.timestamp == 0) job.timestamp = detail::now_ms();
  detail::validate_job(job.name, job.data, job.options);
  return job;
}

JobRecord record_of(detail::JobToAdd&& job, std::string id) {
  JobRecord record;
  record.id = std::move(id);
  record.name = std::move(job.name);
  record.data = std::move(job.data);
  record.timestamp = job.timestamp;
  record.delay = job.options.delay.value_or(Milliseconds(0));
  record.priority = job.options.priority.value_or(0);
  if (job.options.deduplication) record.deduplication_id = job.options.deduplication->id;
  if (job.options.parent) {
    record.parent_key = job.options.parent->queue + ":" + job.options.parent->id;
    record.parent = detail::parent_json(job.options);
  }
  record.options = std::move(job.options);
  return record;
}

std::string escape_label(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

Queue::Queue(Executor executor, std::string name, QueueOptions options) : state_(std::make_unique<State>()) {
  validate(name, options);
  auto connection = detail::Connection::open(executor, options.connection, options.prefix + ":" + name + ":");
  state_->backend = std::make_shared<QueueBackend>(std::move(connection), options.prefix, std::move(name));
  state_->options = std::move(options);
  if (!state_->options.skip_metas_update) {
    asio::co_spawn(executor, write_meta(state_->backend, state_->options.max_len_events), asio::detached);
  }
}

Queue::Queue(SharedConnection connection, std::string name, QueueOptions options)
    : state_(std::make_unique<State>()) {
  options.connection = connection->options();
  validate(name, options);
  connection->claim_slot(options.prefix + ":" + name + ":");
  const Executor executor = connection->executor();
  state_->backend = std::make_shared<QueueBackend>(std::move(connection), options.prefix, std::move(name));
  state_->options = std::move(options);
  state_->shares_connection = true;
  if (!state_->options.skip_metas_update) {
    asio::co_spawn(executor, write_meta(state_->backend, state_->options.max_len_events), asio::detached);
  }
}

Queue::~Queue() {
  // Jobs may keep the backend; the connection ends with the queue all the same.
  if (state_ && !state_->shares_connection) state_->backend->connection().close();
}
Queue::Queue(Queue&&) noexcept = default;
Queue& Queue::operator=(Queue&&) noexcept = default;

const std::string& Queue::name() const noexcept {
  return state_->backend->queue_name();
}
const QueueOptions& Queue::options() const noexcept {
  return state_->options;
}
std::string Queue::qualified_name() const {
  return state_->backend->keys().qualified;
}

awaitable<void> Queue::wait_until_ready() {
  const auto backend = state_->backend;
  co_await backend->connection().wait_until_up();
}

awaitable<void> Queue::close() {
  const auto backend = state_->backend;
  if (!state_->shares_connection) co_await backend->connection().drain_and_close();
}

awaitable<Job> Queue::add(std::string name, std::string data, const JobOptions& options) {
  detail::validate_single_add(options);
  return add_job(prepare(std::move(name), std::move(data), state_->options.default_job_options, options));
}

awaitable<Job> Queue::add_job(detail::JobToAdd job) {
  const auto backend = state_->backend;
  QueueBackend::Added added = co_await backend->add(job);
  co_return backend->make_job(record_of(std::move(job), std::move(added.id)), {}, added.outcome);
}

awaitable<std::vector<Job>> Queue::add_bulk(std::vector<BulkJob> bulk) {
  const auto backend = state_->backend;
  const std::size_t chunk_jobs = state_->options.bulk_chunk_jobs;
  const std::size_t chunk_bytes = state_->options.bulk_chunk_bytes;
  std::vector<detail::JobToAdd> jobs;
  jobs.reserve(bulk.size());
  for (BulkJob& job : bulk) {
    jobs.push_back(
        prepare(std::move(job.name), std::move(job.data), state_->options.default_job_options, job.options));
  }
  std::vector<Job> added;
  added.reserve(jobs.size());
  std::size_t at = 0;
  while (at < jobs.size()) {
    std::vector<const detail::JobToAdd*> chunk;
    std::size_t bytes = 0;
    while (at + chunk.size() < jobs.size() && chunk.size() < chunk_jobs &&
           (chunk.empty() || bytes < chunk_bytes)) {
      const detail::JobToAdd& job = jobs[at + chunk.size()];
      bytes += QueueBackend::size_of(job);
      chunk.push_back(&job);
    }
    auto results = co_await backend->add_bulk(chunk);
    for (auto& result : results) {
      added.push_back(
          backend->make_job(record_of(std::move(jobs[at++]), std::move(result.id)), {}, result.outcome));
    }
  }
  co_return added;
}

// ---- Reading.

namespace {

awaitable<std::optional<Job>> load(std::shared_ptr<QueueBackend> backend, std::string id) {
  Reply reply = co_await backend->run(make_query("HGETALL", backend->keys().job(id)));
  if (reply.elements.empty()) co_return std::nullopt;
  co_return backend->make_job(detail::decode_job(std::move(id), std::move(reply.elements)));
}

}  // namespace

awaitable<std::optional<Job>> Queue::get_job(std::string job_id) {
  if (job_id.empty()) co_return std::nullopt;
  auto job = co_await load(state_->backend, std::move(job_id));
  co_return job;
}

awaitable<std::vector<Job>> Queue::get_jobs(std::vector<JobState> states, std::int64_t start,
                                            std::int64_t end, bool ascending) {
  const auto backend = state_->backend;
  if (states.empty()) states = kAllStates;
  // Ranges that were partly cleaned are filled up from behind at most this often, as upstream does.
  constexpr int kBackfill = 5;
  ScriptCall call(scripts::getJobs, 4 + states.size());
  call.add(backend->keys().base).add_all(start, end, ascending ? 1 : 0, kBackfill);
  for (const JobState state : states) call.add(key_name_of(state));
  call.idempotent();
  Reply reply = co_await backend->run(call.take());
  std::vector<Job> jobs;
  std::set<std::string> seen;
  for (Reply& of_state : reply.elements) {
    for (Reply& entry : of_state.elements) {
      if (entry.elements.size() < 2) continue;
      std::string id =
          entry.elements[0].is_integer() ? std::to_string(entry.elements[0].integer) : entry.elements[0].text;
      if (!seen.insert(id).second) continue;
      jobs.push_back(
          backend->make_job(detail::decode_job(std::move(id), std::move(entry.elements[1].elements))));
    }
  }
  co_return jobs;
}

awaitable<std::map<JobState, std::int64_t>> Queue::job_counts(std::vector<JobState> states) {
  const auto backend = state_->backend;
  if (states.empty()) states = kAllStates;
  ScriptCall call(scripts::getCounts, states.size());
  call.add(backend->keys().base);
  for (const JobState state : states) call.add(key_name_of(state));
  call.idempotent();
  const Reply reply = co_await backend->run(call.take());
  std::map<JobState, std::int64_t> counts;
  for (std::size_t i = 0; i < states.size() && i < reply.elements.size(); ++i) {
    counts[states[i]] = reply.elements[i].to_int();
  }
  co_return counts;
}

awaitable<std::int64_t> Queue::count() {
  std::vector<JobState> states{JobState::waiting, JobState::delayed, JobState::prioritized,
                               JobState::waiting_children};
  const auto counts = co_await job_counts(std::move(states));
  std::int64_t sum = 0;
  for (const auto& [state, count_of_state] : counts) sum += count_of_state;
  co_return sum;
}

awaitable<std::int64_t> Queue::delayed_count(Timestamp due_by) {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(ScriptCall(scripts::getCounts, 2)
                                                .add(backend->keys().base)
                                                .add_all(due_by, "delayed")
                                                .idempotent()
                                                .take());
  co_return reply.elements.empty() ? 0 : reply.elements[0].to_int();
}

awaitable<std::map<std::int64_t, std::int64_t>> Queue::counts_per_priority(
    std::vector<std::int64_t> priorities) {
  const auto backend = state_->backend;
  ScriptCall call(scripts::getCountsPerPriority, priorities.size());
  call.add_all(backend->keys().wait, backend->keys().prioritized);
  for (const auto priority : priorities) call.add(priority);
  call.idempotent();
  const Reply reply = co_await backend->run(call.take());
  std::map<std::int64_t, std::int64_t> counts;
  for (std::size_t i = 0; i < priorities.size() && i < reply.elements.size(); ++i) {
    counts[priorities[i]] = reply.elements[i].to_int();
  }
  co_return counts;
}

namespace {

Job handle_of(const std::shared_ptr<QueueBackend>& backend, std::string id) {
  JobRecord record;
  record.id = std::move(id);
  return backend->make_job(std::move(record));
}

}  // namespace

Job Queue::job_handle(std::string job_id) {
  return handle_of(state_->backend, std::move(job_id));
}

awaitable<JobState> Queue::job_state(std::string job_id) {
  Job job = handle_of(state_->backend, std::move(job_id));
  const JobState state = co_await job.state();
  co_return state;
}

awaitable<JobLogs> Queue::job_logs(std::string job_id, std::int64_t start, std::int64_t end, bool ascending) {
  Job job = handle_of(state_->backend, std::move(job_id));
  auto logs = co_await job.logs(start, end, ascending);
  co_return logs;
}

awaitable<QueueMeta> Queue::meta() {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(make_query("HGETALL", backend->keys().meta));
  QueueMeta meta;
  for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
    const std::string& field = reply.elements[i].text;
    const Reply& value = reply.elements[i + 1];
    if (field == "concurrency") {
      meta.concurrency = value.to_int();
    } else if (field == "max") {
      meta.max = value.to_int();
    } else if (field == "duration") {
      meta.duration = value.to_int();
    } else if (field == "opts.maxLenEvents") {
      meta.max_len_events = value.to_int();
    } else if (field == "paused") {
      meta.paused = value.text == "1";
    } else if (field == "version") {
      meta.version = value.text;
    } else {
      meta.others[field] = value.text;
    }
  }
  co_return meta;
}

awaitable<std::string> Queue::version() {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(make_query("HGET", backend->keys().meta, "version"));
  co_return reply.text;
}

awaitable<QueueMetrics> Queue::metrics(FinishedState state, std::int64_t start, std::int64_t end) {
  const auto backend = state_->backend;
  const auto& keys = backend->keys();
  const std::string& key = state == FinishedState::completed ? keys.metrics_completed : keys.metrics_failed;
  const Reply reply = co_await backend->run(
      ScriptCall(scripts::getMetrics, 2).add_all(key, key + ":data").add_all(start, end).idempotent().take());
  QueueMetrics metrics;
  const auto& totals = reply.elements.at(0).elements;
  const auto at = [&](std::size_t i) { return i < totals.size() ? totals[i].to_int() : 0; };
  metrics.count = at(0);
  metrics.previous_timestamp = at(1);
  metrics.previous_count = at(2);
  for (const Reply& point : reply.elements.at(1).elements) metrics.data.push_back(point.to_int());
  metrics.points = reply.elements.at(2).to_int();
  co_return metrics;
}

awaitable<std::string> Queue::export_prometheus_metrics(
    std::vector<std::pair<std::string, std::string>> global_labels) {
  const auto counts = co_await job_counts();
  const QueueMetrics completed = co_await metrics(FinishedState::completed);
  const QueueMetrics failed = co_await metrics(FinishedState::failed);
  std::string labels;
  for (const auto& [label, value] : global_labels)
    labels += ", " + label + "=\"" + escape_label(value) + "\"";
  const std::string queue = "queue=\"" + escape_label(name()) + "\"";
  std::string text =
      "# HELP bullmq_job_count Number of jobs in the queue by state\n# TYPE bullmq_job_count gauge\n";
  for (const JobState state : kAllStates) {
    text += "bullmq_job_count{" + queue + ", state=\"" + std::string(name_of(state)) + "\"" + labels + "} " +
            std::to_string(counts.at(state)) + "\n";
  }
  text += "# HELP bullmq_job_completed_total Total number of completed jobs\n";
  text += "# TYPE bullmq_job_completed_total counter\n";
  text += "bullmq_job_completed_total{" + queue + labels + "} " + std::to_string(completed.count) + "\n";
  text +=
      "# HELP bullmq_job_failed_total Total number of failed jobs\n# TYPE bullmq_job_failed_total counter\n";
  text += "bullmq_job_failed_total{" + queue + labels + "} " + std::to_string(failed.count);
  co_return text;
}

awaitable<std::vector<ClientInfo>> Queue::workers() {
  const auto backend = state_->backend;
  std::vector<ClientInfo> workers;
  try {
    const Reply reply = co_await backend->run(make_query("CLIENT", "LIST"));
    workers = detail::workers_in(reply.text, backend->prefix(), backend->queue_name());
  } catch (const RedisError& error) {
    // Some clouds do not let their users see it; upstream answers with one entry that says so.
    if (std::string_view(error.what()).find("unknown command") == std::string_view::npos) throw;
    workers.push_back({{"name", "GCP does not support client list"}});
  }
  co_return workers;
}

awaitable<std::int64_t> Queue::workers_count() {
  const auto all = co_await workers();
  co_return static_cast<std::int64_t>(all.size());
}

awaitable<bool> Queue::is_paused() {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(make_query("HEXISTS", backend->keys().meta, "paused"));
  co_return reply.to_int() == 1;
}

awaitable<bool> Queue::is_maxed() {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(ScriptCall(scripts::isMaxed, 0)
                                                .add_all(backend->keys().meta, backend->keys().active)
                                                .idempotent()
                                                .take());
  co_return reply.to_int() == 1;
}

awaitable<std::int64_t> Queue::rate_limit_ttl(std::optional<std::int64_t> max_jobs) {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(ScriptCall(scripts::getRateLimitTtl, 1)
                                                .add_all(backend->keys().limiter, backend->keys().meta)
                                                .add(max_jobs.value_or(0))
                                                .idempotent()
                                                .take());
  co_return reply.to_int();
}

awaitable<std::optional<std::string>> Queue::deduplication_job_id(std::string deduplication_id) {
  const auto backend = state_->backend;
  const Reply reply =
      co_await backend->run(make_query("GET", backend->keys().deduplication(deduplication_id)));
  if (reply.is_nil()) co_return std::nullopt;
  co_return reply.text;
}

// ---- Administration.

namespace {

awaitable<std::int64_t> set_paused(std::shared_ptr<QueueBackend> backend, bool paused, bool emit) {
  const auto& keys = backend->keys();
  const Reply reply =
      co_await backend->run(ScriptCall(scripts::pause, 2)
                                .add_all(paused ? keys.wait : keys.paused, paused ? keys.paused : keys.wait,
                                         keys.meta, keys.prioritized, keys.events, keys.delayed, keys.marker)
                                .add_all(paused ? "paused" : "resumed", emit ? 1 : 0)
                                .take());
  co_return reply.to_int();
}

awaitable<std::int64_t> move_jobs_to_wait(std::shared_ptr<QueueBackend> backend, JobState from,
                                          std::int64_t count, std::string timestamp) {
  const auto& keys = backend->keys();
  const Reply reply =
      co_await backend->run(ScriptCall(scripts::moveJobsToWait, 3)
                                .add_all(keys.base, keys.events, keys.of(key_name_of(from)), keys.wait,
                                         keys.paused, keys.meta, keys.active, keys.marker)
                                .add_all(count, timestamp, key_name_of(from))
                                .take());
  co_return reply.to_int();
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

awaitable<int> Queue::remove(std::string job_id, bool remove_children) {
  const auto backend = state_->backend;
  const auto& keys = backend->keys();
  const Reply reply = co_await backend->run(ScriptCall(scripts::removeJob, 3)
                                                .add_all(keys.job(job_id), keys.repeat)
                                                .add_all(job_id, remove_children ? 1 : 0, keys.base)
                                                .take());
  co_return static_cast<int>(QueueBackend::check(reply, job_id, "removeJob"));
}

awaitable<void> Queue::drain(bool delayed) {
  const auto backend = state_->backend;
  const auto& keys = backend->keys();
  co_await backend->run(ScriptCall(scripts::drain, 2)
                            .add_all(keys.wait, keys.paused, keys.delayed, keys.prioritized, keys.repeat)
                            .add_all(keys.base, delayed ? 1 : 0)
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
    const Reply reply =
        co_await backend->run(ScriptCall(scripts::cleanJobsInSet, 4)
                                  .add_all(keys.of(key_name_of(options.state)), keys.events, keys.repeat)
                                  .add_all(keys.base, before, step, key_name_of(options.state))
                                  .take());
    for (const Reply& id : reply.elements) removed.push_back(id.text);
    if (static_cast<std::int64_t>(reply.elements.size()) < step) break;
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
    if (reply.to_int() == -1) throw Error("Cannot obliterate non-paused queue");
    if (reply.to_int() == -2) throw Error("Cannot obliterate queue with active jobs");
    if (reply.to_int() == 0) co_return;
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

awaitable<void> Queue::update_job_progress(std::string job_id, std::string progress_json) {
  Job job = handle_of(state_->backend, std::move(job_id));
  co_await job.update_progress(std::move(progress_json));
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
  co_return reply.to_int();
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
  co_return reply.to_int() > 0;
}

awaitable<bool> Queue::remove_deduplication_key(std::string deduplication_id) {
  const auto backend = state_->backend;
  const Reply reply =
      co_await backend->run(make_command("DEL", backend->keys().deduplication(deduplication_id)));
  co_return reply.to_int() > 0;
}

awaitable<std::int64_t> Queue::set_global_concurrency(std::int64_t concurrency) {
  const auto backend = state_->backend;
  const Reply reply =
      co_await backend->run(make_command("HSET", backend->keys().meta, "concurrency", concurrency));
  co_return reply.to_int();
}

awaitable<std::int64_t> Queue::remove_global_concurrency() {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(make_command("HDEL", backend->keys().meta, "concurrency"));
  co_return reply.to_int();
}

awaitable<std::int64_t> Queue::set_global_rate_limit(std::int64_t max, Milliseconds duration) {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(
      make_command("HSET", backend->keys().meta, "max", max, "duration", duration.count()));
  co_return reply.to_int();
}

awaitable<std::int64_t> Queue::remove_global_rate_limit() {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(make_command("HDEL", backend->keys().meta, "max", "duration"));
  co_return reply.to_int();
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
    const Reply page =
        co_await backend->run(make_query("SCAN", cursor, "MATCH", keys.base + "*", "COUNT", count));
    cursor = page.elements.at(0).text;
    std::set<std::string> candidates;
    for (const Reply& key : page.elements.at(1).elements) {
      const std::string suffix = key.text.substr(std::min(keys.base.size(), key.text.size()));
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
    const Reply reply = co_await backend->run(call.take());
    removed += reply.to_int();
    if (limit > 0 && removed >= limit) break;
  } while (cursor != "0");
  co_return removed;
}

}  // namespace bullmq

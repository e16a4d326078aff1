#include "bullmq/queue.hpp"

#include <utility>

#include "bullmq/error.hpp"
#include "bullmq/version.hpp"
#include "core/identity.hpp"
#include "core/job_options_codec.hpp"
#include "core/job_validation.hpp"
#include "core/run_detached.hpp"
#include "queue/queue_state.hpp"
#include "redis/endpoint.hpp"

namespace bullmq {

using detail::make_command;
using detail::QueueBackend;

namespace {

// Written once the connection is there. Nobody waits for it, so what goes wrong goes to `on_error`; a queue
// that has been closed meanwhile has nothing to say.
awaitable<void> write_meta(std::shared_ptr<QueueBackend> backend, std::int64_t max_len_events,
                           Signal<const std::exception&> on_error) {
  try {
    co_await backend->run(make_command("HSET", backend->keys().meta, "opts.maxLenEvents", max_len_events,
                                       "version", "bullmq:" + std::string(upstream_version())));
  } catch (const Error& error) {
    if (!backend->connection().is_closed()) on_error.emit([] {}, error);
  }
}

// Detached: it ends with its command, and holds what it needs.
void begin_to_write_meta(const Executor& executor, const std::shared_ptr<QueueBackend>& backend,
                         const QueueOptions& options, const Signal<const std::exception&>& on_error) {
  if (options.skip_metas_update) return;
  detail::run_detached(executor, write_meta(backend, options.max_len_events, on_error));
}

void validate(const std::string& name, const QueueOptions& options) {
  detail::validate_queue_name(name);
  if (options.bulk_chunk_jobs == 0) throw ValidationError("bulk_chunk_jobs must be greater than 0, got 0");
  detail::require_hash_tag(options.connection, options.prefix, name);
}

// `data` is JSON if it is known to be.
detail::JobToAdd prepare(std::string name, std::string data, const JobOptions& defaults,
                         const JobOptions& options, detail::DataCheck check) {
  detail::JobToAdd job{std::move(name), std::move(data), merge(defaults, options), 0};
  job.timestamp = job.options.timestamp.value_or(0);
  // 0 is "not set", as with upstream.
  if (job.timestamp == 0) job.timestamp = detail::now_ms();
  detail::validate_job(job.name, job.data, job.options, check);
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

}  // namespace

Queue::Queue(Executor executor, std::string name, QueueOptions options) : state_(std::make_unique<State>()) {
  validate(name, options);
  auto connection = detail::Connection::open(executor, options.connection, options.prefix + ":" + name + ":");
  state_->backend = std::make_shared<QueueBackend>(std::move(connection), options.prefix, std::move(name));
  state_->backend->fast_path = options.fast_path;
  state_->options = std::move(options);
  begin_to_write_meta(executor, state_->backend, state_->options, state_->on_error);
}

Queue::Queue(SharedConnection connection, std::string name, QueueOptions options)
    : state_(std::make_unique<State>()) {
  options.connection = connection->options();
  validate(name, options);
  connection->claim_slot(options.prefix + ":" + name + ":");
  const Executor executor = connection->executor();
  state_->backend = std::make_shared<QueueBackend>(std::move(connection), options.prefix, std::move(name));
  state_->backend->fast_path = options.fast_path;
  state_->options = std::move(options);
  state_->shares_connection = true;
  begin_to_write_meta(executor, state_->backend, state_->options, state_->on_error);
}

Queue::~Queue() {
  // Jobs may keep the backend; the connection ends with the queue all the same.
  if (state_ && !state_->shares_connection) state_->backend->connection().close();
}
Queue::Queue(Queue&&) noexcept = default;
Queue& Queue::operator=(Queue&& other) noexcept {
  if (this != &other) {
    // Its connection ends with it.
    const Queue ended(std::move(*this));
    state_ = std::move(other.state_);
  }
  return *this;
}

Signal<const std::exception&>& Queue::on_error() noexcept {
  return state_->on_error;
}

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
  if (state_->shares_connection) co_return;
  if (backend->connection().is_up()) co_await backend->hand_over_adds();
  co_await backend->connection().drain_and_close();
}

awaitable<Job> Queue::add(std::string name, std::string json, const JobOptions& options) {
  detail::validate_single_add(options);
  return add_job(prepare(std::move(name), std::move(json), state_->options.default_job_options, options,
                         detail::DataCheck::needed));
}

awaitable<Job> Queue::add(std::string name, JsonText data, const JobOptions& options) {
  detail::validate_single_add(options);
  return add_job(prepare(std::move(name), std::move(data), state_->options.default_job_options, options,
                         detail::DataCheck::done));
}

awaitable<Job> Queue::add_job(detail::JobToAdd job) {
  const auto backend = state_->backend;
  QueueBackend::Added added = co_await backend->add(job);
  co_return backend->make_job(record_of(std::move(job), std::move(added.id)), {}, added.outcome);
}

awaitable<std::vector<Job>> Queue::add_bulk(BulkJobs bulk) {
  return add_all(std::move(bulk).take_all());
}

awaitable<std::vector<Job>> Queue::add_all(std::vector<BulkJob> bulk) {
  const auto backend = state_->backend;
  const std::size_t chunk_jobs = state_->options.bulk_chunk_jobs;
  const std::size_t chunk_bytes = state_->options.bulk_chunk_bytes;
  std::vector<detail::JobToAdd> jobs;
  jobs.reserve(bulk.size());
  for (BulkJob& job : bulk) {
    jobs.push_back(prepare(std::move(job.name), std::move(job.data), state_->options.default_job_options,
                           job.options, detail::DataCheck::needed));
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

}  // namespace bullmq

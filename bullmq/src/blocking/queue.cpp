#include "bullmq/blocking_queue.hpp"

#include <utility>

#include "blocking/call.hpp"
#include "blocking/loop.hpp"
#include "bullmq/queue.hpp"

namespace bullmq::blocking {

struct [[gnu::visibility("hidden")]] Queue::State {
  State(std::shared_ptr<Client::Loop> of, const std::shared_ptr<bullmq::Queue>& made)
      : loop(std::move(of)),
        name(made->name()),
        qualified_name(made->qualified_name()),
        options(made->options()),
        queue(loop->gate, made) {}

  // First: it goes last.
  std::shared_ptr<Client::Loop> loop;
  const std::string name;
  const std::string qualified_name;
  const QueueOptions options;
  detail::Kept<bullmq::Queue> queue;
};

Queue::Queue(Client& client, std::string name, QueueOptions options, ErrorListener on_error) {
  // What the thread runs has no copy of it: the thread must not be the one that drops it last.
  const auto& loop = client.loop();
  state_ = detail::call_now(loop->gate, [&loop, name = std::move(name), options = std::move(options),
                                         on_error = std::move(on_error)]() mutable {
    options.connection = loop->options;
    const bool own_connection = loop->options.cluster.has_value();
    const auto made =
        own_connection
            ? std::make_shared<bullmq::Queue>(loop->gate->executor(), std::move(name), std::move(options))
            : std::make_shared<bullmq::Queue>(loop->connection, std::move(name), std::move(options));
    if (on_error) made->on_error().subscribe(std::move(on_error)).detach();
    return std::make_unique<State>(loop, made);
  });
}
Queue::~Queue() = default;
Queue::Queue(Queue&&) noexcept = default;
Queue& Queue::operator=(Queue&&) noexcept = default;

const std::string& Queue::name() const noexcept {
  return state_->name;
}
const QueueOptions& Queue::options() const noexcept {
  return state_->options;
}
const std::string& Queue::qualified_name() const noexcept {
  return state_->qualified_name;
}

void Queue::wait_until_ready() {
  detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.wait_until_ready(); });
}

Job Queue::add(std::string name, JsonText data, const JobOptions& options) {
  return detail::call(
      state_->queue, [name = std::move(name), data = std::move(data), options](bullmq::Queue& queue) mutable {
        return queue.add(std::move(name), std::move(data), options);
      });
}

Job Queue::add(std::string name, std::string json, const JobOptions& options) {
  return detail::call(
      state_->queue, [name = std::move(name), json = std::move(json), options](bullmq::Queue& queue) mutable {
        return queue.add(std::move(name), std::move(json), options);
      });
}

std::vector<Job> Queue::add_bulk(BulkJobs jobs) {
  return detail::call(state_->queue, [jobs = std::move(jobs)](bullmq::Queue& queue) mutable {
    return queue.add_bulk(std::move(jobs));
  });
}

std::optional<Job> Queue::get_job(std::string job_id) {
  return detail::call(state_->queue, [job_id = std::move(job_id)](bullmq::Queue& queue) mutable {
    return queue.get_job(std::move(job_id));
  });
}

Job Queue::job_handle(std::string job_id) {
  const auto& gate = state_->queue.gate();
  return detail::call_now(gate, [gate, weak = state_->queue.object(), job_id = std::move(job_id)]() mutable {
    const auto queue = weak.lock();
    bullmq::Job handle = queue->job_handle(std::move(job_id));
    return detail::make_blocking_job(gate, std::move(handle));
  });
}

std::vector<Job> Queue::get_jobs(JobStates states, std::int64_t start, std::int64_t end, Order order) {
  return detail::call(state_->queue, [states, start, end, order](bullmq::Queue& queue) {
    return queue.get_jobs(states, start, end, order);
  });
}

std::map<JobState, std::int64_t> Queue::job_counts(JobStates states) {
  return detail::call(state_->queue, [states](bullmq::Queue& queue) { return queue.job_counts(states); });
}

std::int64_t Queue::count() {
  return detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.count(); });
}

std::int64_t Queue::delayed_count(Timestamp due_by) {
  return detail::call(state_->queue, [due_by](bullmq::Queue& queue) { return queue.delayed_count(due_by); });
}

std::map<std::int64_t, std::int64_t> Queue::counts_per_priority(std::vector<std::int64_t> priorities) {
  return detail::call(state_->queue, [priorities = std::move(priorities)](bullmq::Queue& queue) mutable {
    return queue.counts_per_priority(std::move(priorities));
  });
}

JobState Queue::job_state(std::string job_id) {
  return detail::call(state_->queue, [job_id = std::move(job_id)](bullmq::Queue& queue) mutable {
    return queue.job_state(std::move(job_id));
  });
}

JobLogs Queue::job_logs(std::string job_id, std::int64_t start, std::int64_t end, Order order) {
  return detail::call(state_->queue,
                      [job_id = std::move(job_id), start, end, order](bullmq::Queue& queue) mutable {
                        return queue.job_logs(std::move(job_id), start, end, order);
                      });
}

QueueMeta Queue::meta() {
  return detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.meta(); });
}

std::string Queue::version() {
  return detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.version(); });
}

QueueMetrics Queue::metrics(FinishedState state, std::int64_t start, std::int64_t end) {
  return detail::call(state_->queue,
                      [state, start, end](bullmq::Queue& queue) { return queue.metrics(state, start, end); });
}

std::string Queue::export_prometheus_metrics(std::vector<std::pair<std::string, std::string>> global_labels) {
  return detail::call(state_->queue,
                      [global_labels = std::move(global_labels)](bullmq::Queue& queue) mutable {
                        return queue.export_prometheus_metrics(std::move(global_labels));
                      });
}

std::vector<ClientInfo> Queue::workers() {
  return detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.workers(); });
}

std::int64_t Queue::workers_count() {
  return detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.workers_count(); });
}

bool Queue::is_paused() {
  return detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.is_paused(); });
}

bool Queue::is_maxed() {
  return detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.is_maxed(); });
}

std::int64_t Queue::rate_limit_ttl(std::optional<std::int64_t> max_jobs) {
  return detail::call(state_->queue,
                      [max_jobs](bullmq::Queue& queue) { return queue.rate_limit_ttl(max_jobs); });
}

std::optional<std::string> Queue::deduplication_job_id(std::string deduplication_id) {
  return detail::call(state_->queue,
                      [deduplication_id = std::move(deduplication_id)](bullmq::Queue& queue) mutable {
                        return queue.deduplication_job_id(std::move(deduplication_id));
                      });
}

void Queue::pause() {
  detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.pause(); });
}

void Queue::resume() {
  detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.resume(); });
}

bool Queue::remove(std::string job_id, Children children) {
  return detail::call(state_->queue, [job_id = std::move(job_id), children](bullmq::Queue& queue) mutable {
    return queue.remove(std::move(job_id), children);
  });
}

void Queue::drain(DelayedJobs delayed) {
  detail::call(state_->queue, [delayed](bullmq::Queue& queue) { return queue.drain(delayed); });
}

std::vector<std::string> Queue::clean(CleanOptions options) {
  return detail::call(state_->queue, [options](bullmq::Queue& queue) { return queue.clean(options); });
}

void Queue::obliterate(ObliterateOptions options) {
  detail::call(state_->queue, [options](bullmq::Queue& queue) { return queue.obliterate(options); });
}

void Queue::retry_jobs(RetryJobsOptions options) {
  detail::call(state_->queue, [options](bullmq::Queue& queue) { return queue.retry_jobs(options); });
}

void Queue::promote_jobs(std::int64_t count) {
  detail::call(state_->queue, [count](bullmq::Queue& queue) { return queue.promote_jobs(count); });
}

void Queue::update_job_progress(std::string job_id, std::string json) {
  detail::call(state_->queue,
               [job_id = std::move(job_id), json = std::move(json)](bullmq::Queue& queue) mutable {
                 return queue.update_job_progress(std::move(job_id), std::move(json));
               });
}

std::int64_t Queue::add_job_log(std::string job_id, std::string line, std::optional<std::int64_t> keep) {
  return detail::call(state_->queue, [job_id = std::move(job_id), line = std::move(line),
                                      keep](bullmq::Queue& queue) mutable {
    return queue.add_job_log(std::move(job_id), std::move(line), keep);
  });
}

std::int64_t Queue::trim_events(std::int64_t max_length) {
  return detail::call(state_->queue,
                      [max_length](bullmq::Queue& queue) { return queue.trim_events(max_length); });
}

void Queue::rate_limit(Milliseconds duration) {
  detail::call(state_->queue, [duration](bullmq::Queue& queue) { return queue.rate_limit(duration); });
}

bool Queue::remove_rate_limit_key() {
  return detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.remove_rate_limit_key(); });
}

bool Queue::remove_deduplication_key(std::string deduplication_id) {
  return detail::call(state_->queue,
                      [deduplication_id = std::move(deduplication_id)](bullmq::Queue& queue) mutable {
                        return queue.remove_deduplication_key(std::move(deduplication_id));
                      });
}

std::int64_t Queue::set_global_concurrency(std::int64_t concurrency) {
  return detail::call(state_->queue, [concurrency](bullmq::Queue& queue) {
    return queue.set_global_concurrency(concurrency);
  });
}

std::int64_t Queue::remove_global_concurrency() {
  return detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.remove_global_concurrency(); });
}

std::int64_t Queue::set_global_rate_limit(std::int64_t max, Milliseconds duration) {
  return detail::call(state_->queue, [max, duration](bullmq::Queue& queue) {
    return queue.set_global_rate_limit(max, duration);
  });
}

std::int64_t Queue::remove_global_rate_limit() {
  return detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.remove_global_rate_limit(); });
}

std::int64_t Queue::remove_orphaned_jobs(std::int64_t count, std::int64_t limit) {
  return detail::call(state_->queue, [count, limit](bullmq::Queue& queue) {
    return queue.remove_orphaned_jobs(count, limit);
  });
}

std::vector<ClientInfo> Queue::event_readers() {
  return detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.event_readers(); });
}

std::optional<std::int64_t> Queue::global_concurrency() {
  return detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.global_concurrency(); });
}

std::optional<GlobalRateLimit> Queue::global_rate_limit() {
  return detail::call(state_->queue, [](bullmq::Queue& queue) { return queue.global_rate_limit(); });
}

bool Queue::remove_deprecated_priority_key() {
  return detail::call(state_->queue,
                      [](bullmq::Queue& queue) { return queue.remove_deprecated_priority_key(); });
}

}  // namespace bullmq::blocking

#include "bullmq/blocking_job.hpp"

#include <utility>

#include "blocking/call.hpp"
#include "blocking/job_handle.hpp"
#include "blocking/queue_events_state.hpp"

namespace bullmq::blocking {

using detail::call;

namespace {

// Keeps the reader as long as it is waited with.
awaitable<std::string> wait_with(std::shared_ptr<bullmq::QueueEvents> events, bullmq::Job job,
                                 Milliseconds deadline) {
  std::string value = co_await job.wait_until_finished(*events, deadline);
  co_return value;
}

}  // namespace

Job::Job(std::shared_ptr<State> state) : state_(std::move(state)) {}

const JobRecord& Job::record() const noexcept {
  return state_->record;
}
const std::string& Job::queue_name() const noexcept {
  return state_->queue_name;
}
const std::string& Job::prefix() const noexcept {
  return state_->prefix;
}
const std::string& Job::token() const noexcept {
  return state_->token;
}
AddOutcome Job::outcome() const noexcept {
  return state_->outcome;
}

JobState Job::state() {
  return call(state_->job, [](bullmq::Job& job) { return job.state(); });
}

bool Job::is_in(JobState state) {
  return call(state_->job, [state](bullmq::Job& job) { return job.is_in(state); });
}

void Job::update_data(std::string json) {
  call(state_->job,
       [data = std::move(json)](bullmq::Job& job) mutable { return job.update_data(std::move(data)); });
}

void Job::update_progress(std::string json) {
  call(state_->job, [progress = std::move(json)](bullmq::Job& job) mutable {
    return job.update_progress(std::move(progress));
  });
}

std::int64_t Job::log(std::string line) {
  return call(state_->job,
              [line = std::move(line)](bullmq::Job& job) mutable { return job.log(std::move(line)); });
}

JobLogs Job::logs(std::int64_t start, std::int64_t end, Order order) {
  return call(state_->job, [=](bullmq::Job& job) { return job.logs(start, end, order); });
}

void Job::clear_logs(std::int64_t keep) {
  call(state_->job, [keep](bullmq::Job& job) { return job.clear_logs(keep); });
}

void Job::retry(JobState from, RetryOptions options) {
  call(state_->job, [from, options](bullmq::Job& job) { return job.retry(from, options); });
}

void Job::promote() {
  call(state_->job, [](bullmq::Job& job) { return job.promote(); });
}

void Job::change_delay(Milliseconds delay) {
  call(state_->job, [delay](bullmq::Job& job) { return job.change_delay(delay); });
}

void Job::change_priority(ChangePriorityOptions options) {
  call(state_->job, [options](bullmq::Job& job) { return job.change_priority(options); });
}

void Job::remove(Children children) {
  call(state_->job, [children](bullmq::Job& job) { return job.remove(children); });
}

bool Job::remove_deduplication_key() {
  return call(state_->job, [](bullmq::Job& job) { return job.remove_deduplication_key(); });
}

std::string Job::wait_until_finished(QueueEvents& events, Milliseconds deadline) {
  const auto& reader = events.state_->events;
  if (!reader.gate()->shares_executor_with(*state_->job.gate())) {
    throw ValidationError("wait_until_finished: the job and the QueueEvents have to be of the same Client");
  }
  return call(state_->job, [weak = reader.object(), deadline](bullmq::Job& job) {
    const auto strong = weak.lock();
    if (!strong) throw ConnectionError(Fate::not_executed, "Connection is closed.");
    return wait_with(strong, job, deadline);
  });
}

bool Job::extend_lock(Milliseconds duration) {
  return call(state_->job, [duration](bullmq::Job& job) { return job.extend_lock(job.token(), duration); });
}

void Job::move_to_delayed(Timestamp until) {
  call(state_->job, [until](bullmq::Job& job) { return job.move_to_delayed(until, job.token()); });
}

std::int64_t Job::move_to_wait() {
  return call(state_->job, [](bullmq::Job& job) { return job.move_to_wait(job.token()); });
}

bool Job::move_to_waiting_children(std::string child_key) {
  return call(state_->job, [child_key = std::move(child_key)](bullmq::Job& job) mutable {
    return job.move_to_waiting_children(job.token(), std::move(child_key));
  });
}

std::map<std::string, std::string> Job::children_values() {
  return call(state_->job, [](bullmq::Job& job) { return job.children_values(); });
}

std::map<std::string, std::string> Job::ignored_children_failures() {
  return call(state_->job, [](bullmq::Job& job) { return job.ignored_children_failures(); });
}

JobDependencies Job::dependencies() {
  return call(state_->job, [](bullmq::Job& job) { return job.dependencies(); });
}

JobDependenciesCount Job::dependencies_count() {
  return call(state_->job, [](bullmq::Job& job) { return job.dependencies_count(); });
}

bool Job::remove_child_dependency() {
  return call(state_->job, [](bullmq::Job& job) { return job.remove_child_dependency(); });
}

void Job::remove_unprocessed_children() {
  call(state_->job, [](bullmq::Job& job) { return job.remove_unprocessed_children(); });
}

std::optional<Job> Job::move_to_completed(std::string return_value_json, FetchNext fetch_next) {
  return call(state_->job, [value = std::move(return_value_json), fetch_next](bullmq::Job& job) mutable {
    return job.move_to_completed(std::move(value), job.token(), fetch_next);
  });
}

std::optional<Job> Job::move_to_failed(std::string reason, FetchNext fetch_next, std::string error_name,
                                       std::string stack) {
  return call(state_->job, [reason = std::move(reason), fetch_next, error_name = std::move(error_name),
                            stack = std::move(stack)](bullmq::Job& job) mutable {
    return job.move_to_failed(std::move(reason), job.token(), fetch_next, std::move(error_name),
                              std::move(stack));
  });
}

}  // namespace bullmq::blocking

#include "bullmq/job.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <utility>

#include "backend/queue_backend.hpp"
#include "bullmq/error.hpp"
#include "bullmq/queue_events.hpp"
#include "bullmq_scripts.hpp"
#include "core/backoff_delay.hpp"
#include "core/identity.hpp"
#include "core/json_text.hpp"
#include "queue_events_state.hpp"
#include "redis/expected_reply.hpp"
#include "worker/failure_decision.hpp"

namespace bullmq {

using detail::make_command;
using detail::make_query;
using detail::QueueBackend;
using detail::Reply;
using detail::ScriptCall;
namespace scripts = detail::scripts;

Job::Job(std::shared_ptr<QueueBackend> queue, JobRecord record)
    : state_(std::make_shared<detail::JobHandleState>()) {
  state_->queue = std::move(queue);
  state_->record = std::move(record);
}

const JobRecord& Job::record() const noexcept {
  return state_->record;
}
const std::string& Job::queue_name() const noexcept {
  return state_->queue->queue_name();
}
const std::string& Job::prefix() const noexcept {
  return state_->queue->prefix();
}
const std::string& Job::token() const noexcept {
  return state_->token;
}
AddOutcome Job::outcome() const noexcept {
  return state_->outcome;
}

namespace {

// A script that answers with a number, negative when it refused.
void check_done(const Reply& reply, const std::string& id, std::string_view command,
                std::string_view state = {}) {
  QueueBackend::check(reply, id, command, state);
  static_cast<void>(detail::expect_integer(reply, command));
}

}  // namespace

// Every coroutine keeps the state: the handle that it was called on may be gone before it ends.

awaitable<JobState> Job::state() {
  const auto job = state_;
  const auto& keys = job->queue->keys();
  Reply reply =
      co_await job->queue->run(ScriptCall(scripts::getStateV2, 1)
                                   .add_all(keys.completed, keys.failed, keys.delayed, keys.active, keys.wait,
                                            keys.paused, keys.waiting_children, keys.prioritized)
                                   .add(job->record.id)
                                   .idempotent()
                                   .take());
  const std::string name = detail::expect_text(std::move(reply), "getState");
  const auto known = detail::known_job_state(name);
  if (!known) throw UnexpectedReplyError("getState: Redis answered with a state that there is none of");
  co_return *known;
}

awaitable<bool> Job::is_in(JobState wanted) {
  const auto job = state_;
  const auto& keys = job->queue->keys();
  const std::string& id = job->record.id;
  switch (wanted) {
    case JobState::waiting: {
      const Reply in_wait = co_await job->queue->run(make_query("LPOS", keys.wait, id));
      if (detail::expect_found(in_wait, "LPOS")) co_return true;
      const Reply in_paused = co_await job->queue->run(make_query("LPOS", keys.paused, id));
      co_return detail::expect_found(in_paused, "LPOS");
    }
    case JobState::active:
    case JobState::paused: {
      const std::string& list = wanted == JobState::active ? keys.active : keys.paused;
      const Reply reply = co_await job->queue->run(make_query("LPOS", list, id));
      co_return detail::expect_found(reply, "LPOS");
    }
    case JobState::unknown: {
      Job handle(job);
      const JobState now = co_await handle.state();
      co_return now == JobState::unknown;
    }
    default:
      break;
  }
  const Reply reply = co_await job->queue->run(make_query("ZSCORE", keys.of(name_of(wanted)), id));
  co_return detail::expect_found(reply, "ZSCORE");
}

awaitable<void> Job::update_data(std::string json) {
  const auto job = state_;
  detail::require_json("data of job " + job->record.id, json);
  const Reply reply = co_await job->queue->run(
      ScriptCall(scripts::updateData, 1).add(job->queue->keys().job(job->record.id)).add(json).take());
  check_done(reply, job->record.id, "updateData");
  job->record.data = std::move(json);
}

awaitable<void> Job::update_progress(std::string json) {
  const auto job = state_;
  detail::require_json("progress of job " + job->record.id, json);
  const auto& keys = job->queue->keys();
  const Reply reply = co_await job->queue->run(ScriptCall(scripts::updateProgress, 2)
                                                   .add_all(keys.job(job->record.id), keys.events, keys.meta)
                                                   .add_all(job->record.id, json)
                                                   .take());
  check_done(reply, job->record.id, "updateProgress");
  job->record.progress = std::move(json);
  if (job->queue->on_progress) job->queue->on_progress(Job(job), job->record.progress);
}

awaitable<std::int64_t> Job::log(std::string line) {
  const auto job = state_;
  const auto& keys = job->queue->keys();
  // Named here: g++ 12 destroys the temporaries of a ?: inside a co_await expression twice.
  std::string keep;
  if (const auto lines = job->record.options.keep_logs.value_or(0); lines != 0) keep = std::to_string(lines);
  const Reply reply =
      co_await job->queue->run(ScriptCall(scripts::addLog, 3)
                                   .add_all(keys.job(job->record.id), keys.job(job->record.id, "logs"))
                                   .add_all(job->record.id, line, keep)
                                   .take());
  check_done(reply, job->record.id, "addLog");
  co_return reply.integer;
}

awaitable<JobLogs> Job::logs(std::int64_t start, std::int64_t end, Order order) {
  const auto job = state_;
  const std::string key = job->queue->keys().job(job->record.id, "logs");
  detail::Transaction transaction;
  if (order == Order::ascending) {
    transaction.add(make_command("LRANGE", key, start, end));
  } else {
    transaction.add(make_command("LRANGE", key, -(end + 1), -(start + 1)));
  }
  transaction.add(make_command("LLEN", key));
  Reply reply = co_await job->queue->run(transaction.take());
  std::vector<Reply> results = detail::expect_array(std::move(reply), "EXEC", 2, 2);
  JobLogs logs;
  logs.lines = detail::expect_texts(std::move(results[0]), "LRANGE");
  if (order == Order::descending) std::reverse(logs.lines.begin(), logs.lines.end());
  logs.count = detail::expect_integer(results[1], "LLEN");
  co_return logs;
}

awaitable<void> Job::clear_logs(std::int64_t keep) {
  const auto job = state_;
  const std::string key = job->queue->keys().job(job->record.id, "logs");
  detail::Command command = make_command("DEL", key);
  if (keep > 0) command = make_command("LTRIM", key, -keep, -1);
  co_await job->queue->run(std::move(command));
}

awaitable<void> Job::retry(JobState from, RetryOptions options) {
  const auto job = state_;
  const auto& keys = job->queue->keys();
  const bool failed = from == JobState::failed;
  const Reply reply = co_await job->queue->run(
      ScriptCall(scripts::reprocessJob, 6)
          .add_all(keys.job(job->record.id), keys.events, failed ? keys.failed : keys.completed, keys.wait,
                   keys.meta, keys.active, keys.marker, keys.prioritized, keys.pc)
          .add_all(job->record.id, job->record.options.lifo.value_or(false) ? "RPUSH" : "LPUSH",
                   failed ? "failedReason" : "returnvalue", name_of(from),
                   options.reset_attempts_made ? 1 : 0, options.reset_attempts_started ? 1 : 0)
          .take());
  check_done(reply, job->record.id, "reprocessJob", name_of(from));
  JobRecord& record = job->record;
  record.failed_reason.reset();
  record.finished_on.reset();
  record.processed_on.reset();
  record.return_value.reset();
  if (options.reset_attempts_made) record.attempts_made = 0;
  if (options.reset_attempts_started) record.attempts_started = 0;
}

awaitable<void> Job::promote() {
  const auto job = state_;
  const auto& keys = job->queue->keys();
  const Reply reply =
      co_await job->queue->run(ScriptCall(scripts::promote, 2)
                                   .add_all(keys.delayed, keys.wait, keys.paused, keys.meta, keys.prioritized,
                                            keys.active, keys.pc, keys.events, keys.marker)
                                   .add_all(keys.base, job->record.id)
                                   .take());
  check_done(reply, job->record.id, "promote", "delayed");
  job->record.delay = Milliseconds(0);
}

awaitable<void> Job::change_delay(Milliseconds delay) {
  const auto job = state_;
  const auto& keys = job->queue->keys();
  const Reply reply = co_await job->queue->run(
      ScriptCall(scripts::changeDelay, 4)
          .add_all(keys.delayed, keys.meta, keys.marker, keys.events)
          .add_all(delay.count(), detail::now_ms(), job->record.id, keys.job(job->record.id))
          .take());
  check_done(reply, job->record.id, "changeDelay", "delayed");
  job->record.delay = delay;
}

awaitable<void> Job::change_priority(ChangePriorityOptions options) {
  const auto job = state_;
  const auto& keys = job->queue->keys();
  const Reply reply = co_await job->queue->run(
      ScriptCall(scripts::changePriority, 4)
          .add_all(keys.wait, keys.paused, keys.meta, keys.prioritized, keys.active, keys.pc, keys.marker)
          .add_all(options.priority, keys.base, job->record.id, options.lifo ? 1 : 0)
          .take());
  check_done(reply, job->record.id, "changePriority");
  job->record.priority = options.priority;
}

awaitable<void> Job::remove(Children children) {
  const auto job = state_;
  const auto& keys = job->queue->keys();
  const Reply reply =
      co_await job->queue->run(ScriptCall(scripts::removeJob, 3)
                                   .add_all(keys.job(job->record.id), keys.repeat)
                                   .add_all(job->record.id, children == Children::remove ? 1 : 0, keys.base)
                                   .take());
  check_done(reply, job->record.id, "removeJob");
  if (reply.integer == 0) {
    throw Error("Job " + job->record.id + " could not be removed because it is locked by another worker");
  }
}

awaitable<bool> Job::remove_deduplication_key() {
  const auto job = state_;
  if (!job->record.deduplication_id) co_return false;
  const Reply reply =
      co_await job->queue->run(ScriptCall(scripts::removeDeduplicationKey, 1)
                                   .add(job->queue->keys().deduplication(*job->record.deduplication_id))
                                   .add(job->record.id)
                                   .take());
  co_return detail::expect_integer(reply, "removeDeduplicationKey") > 0;
}

namespace {

struct JobEnd {
  bool completed = false;
  std::string text;  // the return value, or why it failed
};

// Nothing, if the event does not say: anybody may publish one of this name.
std::optional<JobEnd> end_told(const QueueEvent& event) {
  const bool completed = event.name == "completed";
  const std::string_view text = event.field(completed ? "returnvalue" : "failedReason");
  if (text.empty()) return std::nullopt;
  return JobEnd{completed, std::string(text)};
}

}  // namespace

awaitable<std::string> Job::wait_until_finished(QueueEvents& events, Milliseconds deadline) {
  const auto job = state_;
  const auto reader = events.state_;
  const auto until = std::chrono::steady_clock::now() + deadline;
  // Events are lost when the stream is trimmed faster than it is read, so the job is looked at now and then
  // as well.
  constexpr std::chrono::seconds kLookAgain{5};
  detail::Wakeup finished(job->queue->connection().executor());
  std::optional<JobEnd> told;
  const auto waiter = detail::watch_job(*reader, job->record.id, [&](const QueueEvent& event) {
    if (!told) told = end_told(event);
    finished.wake();
  });
  co_await events.wait_until_ready();
  while (true) {
    if (told && !told->completed) throw JobFailedError(told->text);
    if (told) co_return told->text;
    const auto& keys = job->queue->keys();
    Reply reply = co_await job->queue->run(ScriptCall(scripts::isFinished, 2)
                                               .add_all(keys.completed, keys.failed, keys.job(job->record.id))
                                               .add_all(job->record.id, "1")
                                               .idempotent()
                                               .take());
    // It may be removed with its end.
    if (told) continue;
    std::vector<Reply> parts = detail::expect_array(std::move(reply), "isFinished", 1, 2);
    const auto code = detail::expect_integer(parts[0], "isFinished");
    // Lua's false, of a field that is not there, is nil.
    std::string text;
    if (parts.size() == 2 && !parts[1].is_nil())
      text = detail::expect_text(std::move(parts[1]), "isFinished");
    if (code == 1 && text.empty()) text = "null";
    if (code == 1) co_return text;
    if (code != 0) throw JobFailedError(text);
    const auto now = std::chrono::steady_clock::now();
    if (now >= until) {
      throw WaitTimeoutError("Job wait " + job->record.name +
                             " timed out before finishing, no finish notification arrived after " +
                             std::to_string(deadline.count()) + "ms (id=" + job->record.id + ")");
    }
    co_await finished.wait(std::min(until, now + kLookAgain));
  }
}

awaitable<bool> Job::extend_lock(std::string token, Milliseconds duration) {
  const auto job = state_;
  const bool extended = co_await job->queue->extend_lock(job->record.id, std::move(token), duration);
  co_return extended;
}

awaitable<void> Job::move_to_delayed(Timestamp until, std::string token) {
  const auto job = state_;
  const Milliseconds delay(std::max<Timestamp>(0, until - detail::now_ms()));
  if (token.empty()) token = detail::kNoToken;
  co_await job->queue->move_to_delayed(job->record.id, delay, std::move(token), true, {}, false);
  job->record.delay = delay;
}

awaitable<std::int64_t> Job::move_to_wait(std::string token) {
  const auto job = state_;
  if (token.empty()) token = detail::kNoToken;
  const auto ttl = co_await job->queue->move_to_wait(job->record.id, std::move(token));
  co_return ttl;
}

awaitable<std::optional<Job>> Job::move_to_completed(std::string return_value_json, std::string token,
                                                     FetchNext fetch_next) {
  const auto job = state_;
  if (return_value_json.empty()) return_value_json = "null";
  detail::require_json("return value of job " + job->record.id, return_value_json);
  const bool fetch = fetch_next == FetchNext::yes;
  detail::NextJob next = co_await job->queue->finish(job->record, detail::Outcome::completed,
                                                     return_value_json, token, fetch, {});
  job->record.return_value = std::move(return_value_json);
  job->record.finished_on = detail::now_ms();
  ++job->record.attempts_made;
  if (!next.has_job) co_return std::nullopt;
  co_return job->queue->make_job(std::move(next.record), std::move(token));
}

awaitable<std::optional<Job>> Job::move_to_failed(std::string reason, std::string token, FetchNext fetch_next,
                                                  std::string error_name, std::string stack) {
  using Kind = detail::FailureDecision::Kind;
  const bool fetch = fetch_next == FetchNext::yes;
  const auto job = state_;
  JobRecord& record = job->record;
  JobFailure failure;
  failure.name = std::move(error_name);
  failure.message = std::move(reason);
  failure.stack = stack.empty() ? failure.name + ": " + failure.message : std::move(stack);
  std::int64_t backoff = 0;
  if (record.options.backoff) {
    const double random = std::uniform_real_distribution<double>(0, 1)(job->queue->random());
    backoff = detail::backoff_delay(*record.options.backoff, record.attempts_made + 1, random).value_or(0);
  }
  const auto decision = detail::decide_failure(record, failure, std::nullopt, backoff);
  const auto traces = detail::with_stack(record.stacktrace, failure.stack, record.options.stack_trace_limit);
  detail::JobFields fields{{"failedReason", failure.message},
                           {"stacktrace", detail::encode_stacktrace(traces)}};
  detail::NextJob next;
  if (decision.kind != Kind::retry) {
    next = co_await job->queue->finish(record, detail::Outcome::failed, failure.message, token, fetch,
                                       std::move(fields));
    record.finished_on = detail::now_ms();
  } else if (decision.delay_ms > 0) {
    next = co_await job->queue->move_to_delayed(record.id, Milliseconds(decision.delay_ms), token, false,
                                                std::move(fields), fetch);
    record.delay = Milliseconds(decision.delay_ms);
  } else {
    co_await job->queue->retry_job(record.id, record.options.lifo.value_or(false), token, std::move(fields));
  }
  record.failed_reason = failure.message;
  record.stacktrace = traces;
  ++record.attempts_made;
  if (!next.has_job) co_return std::nullopt;
  co_return job->queue->make_job(std::move(next.record), std::move(token));
}

}  // namespace bullmq

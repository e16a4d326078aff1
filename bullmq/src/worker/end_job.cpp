// Telling Redis how a job ended, until it has answered. Each attempt carries the lock's token, and the script
// that ends a job releases its lock: so an end is carried out once, however often it is sent, and a job never
// both completes and fails. The lock keeper goes on renewing meanwhile.
#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "bullmq/error.hpp"
#include "core/backoff_delay.hpp"
#include "core/identity.hpp"
#include "core/job_codec.hpp"
#include "worker/failure_decision.hpp"
#include "worker/worker_state.hpp"

namespace bullmq {

using detail::JobEnding;

namespace detail {

bool is_transient_refusal(const std::string& error_word) {
  constexpr const char* kWords[] = {"OOM",        "LOADING",  "BUSY",     "MASTERDOWN",  "MISCONF",
                                    "NOREPLICAS", "READONLY", "TRYAGAIN", "CLUSTERDOWN", "NOAUTH"};
  return std::find(std::begin(kWords), std::end(kWords), error_word) != std::end(kWords);
}

}  // namespace detail

awaitable<std::optional<Job>> Worker::State::end_job(JobPointer current, JobEnding ending) {
  const Job job = current->job;
  current->on(detail::JobEvent::end_decided);
  // Known whatever Redis says of the end, as with upstream's jobs.
  if (ending.kind == JobEnding::Kind::completed) {
    detail::JobHandleState::of(job).record.return_value = ending.return_value;
  }
  bool unknown = false;
  unsigned refusals = 0;
  while (true) {
    const bool fetch_next = ending.can_fetch_next() && may_fetch_next();
    Milliseconds pause = options.run_retry_delay;
    std::optional<JobError> refusal;
    try {
      detail::NextJob next = co_await apply(job, ending, fetch_next);
      note_end(current->job, ending);
      if (fetch_next) co_return take(std::move(next), job.token());
      if (!next.trouble.empty()) report(RedisError(next.trouble));
      co_return std::nullopt;
    } catch (const ConnectionError& error) {
      // Its connection has told, and the end is tried again.
      if (is_over() || backend->connection().is_closed() || is_let_go(current->progress)) throw;
      unknown = unknown || error.fate() == Fate::unknown;
    } catch (const JobError& error) {
      refusal = error;
    } catch (const UnexpectedReplyError& error) {
      // This connection is as good as none.
      if (is_over() || is_let_go(current->progress)) throw;
      report(error);
      unknown = true;
      pause = std::min<Milliseconds>(options.max_error_pause, pause * (1LL << std::min(refusals++, 10U)));
    } catch (const RedisError& error) {
      if (is_over() || is_let_go(current->progress) || !detail::is_transient_refusal(error.word())) throw;
      report(error);
      pause = std::min<Milliseconds>(options.max_error_pause, pause * (1LL << std::min(refusals++, 10U)));
    }
    if (refusal) {
      auto next = co_await refused_end(current, std::move(ending), *refusal, unknown);
      co_return next;
    }
    if (unknown && ending.kind == JobEnding::Kind::moved) {
      // All that was asked for was the next job.
      auto taken = co_await find_taken(job.token());
      if (taken) co_return taken;
    }
    co_await sleep(pause);
  }
}

awaitable<detail::NextJob> Worker::State::apply(const Job& job, const JobEnding& ending, bool fetch_next) {
  using Kind = JobEnding::Kind;
  detail::NextJob next;
  const std::string& token = job.token();
  if (ending.kind == Kind::completed) {
    next = co_await backend->finish(job.record(), detail::Outcome::completed, ending.return_value, token,
                                    fetch_next, {});
    co_return next;
  }
  if (ending.kind == Kind::rate_limited) {
    const auto ttl = co_await backend->move_to_wait(job.id(), token);
    limit_until = ttl > 0 ? detail::now_ms() + ttl : 0;
    co_return next;
  }
  if (ending.kind == Kind::put_back) {
    next = co_await backend->put_back(job.record(), Milliseconds(ending.delay_ms), token, fetch_next);
    co_return next;
  }
  if (ending.kind == Kind::moved) {
    if (fetch_next) {
      std::vector<std::string> tokens{token};
      auto taken = co_await backend->move_to_active(std::move(tokens));
      next = std::move(taken.at(0));
    }
    co_return next;
  }
  detail::JobFields fields{{"failedReason", ending.failure.message},
                           {"stacktrace", detail::encode_stacktrace(ending.stacktrace)}};
  if (ending.kind == Kind::failed) {
    next = co_await backend->finish(job.record(), detail::Outcome::failed, ending.failure.message, token,
                                    fetch_next, std::move(fields));
  } else if (ending.kind == Kind::delayed) {
    next = co_await backend->move_to_delayed(job.id(), Milliseconds(ending.delay_ms), token, false,
                                             std::move(fields), fetch_next);
  } else {
    co_await backend->retry_job(job.id(), job.options().lifo.value_or(false), token, std::move(fields));
  }
  co_return next;
}

awaitable<std::optional<Job>> Worker::State::refused_end(JobPointer current, JobEnding ending,
                                                         JobError refusal, bool unknown) {
  if (ending.kind == JobEnding::Kind::completed && (refusal.code() == ErrorCode::job_has_failed_children ||
                                                    refusal.code() == ErrorCode::job_pending_children)) {
    // Its children have failed for good; pending ones may finish before the next attempt.
    const bool for_good = refusal.code() == ErrorCode::job_has_failed_children;
    JobFailure failure{for_good ? "UnrecoverableError" : "Error", refusal.what(), {}};
    failure.stack = failure.name + ": " + failure.message;
    auto next = co_await end_job(current, failed_ending(current->job, std::move(failure)));
    co_return next;
  }
  if (!unknown) std::rethrow_exception(explain(current->job, refusal));
  // An attempt whose answer was lost has released the lock that this one missed; or the lock was lost.
  std::optional<Job> next;
  if (ending.can_fetch_next()) next = co_await find_taken(current->job.token());
  if (co_await was_done(current->job, ending)) {
    note_end(current->job, ending);
  } else {
    try {
      std::rethrow_exception(explain(current->job, refusal));
    } catch (const std::exception& error) {
      report(error);
    }
  }
  co_return next;
}

awaitable<bool> Worker::State::was_done(const Job& job, const JobEnding& ending) {
  using Kind = JobEnding::Kind;
  if (!ending.is_attempt()) co_return true;
  while (true) {
    try {
      Job stored = job;
      const JobState state = co_await stored.state();
      // Finished and removed at once, as its options may say.
      if (state == JobState::unknown) co_return true;
      if (ending.kind == Kind::completed) co_return state == JobState::completed;
      if (ending.kind == Kind::failed) co_return state == JobState::failed;
      const auto attempts = co_await backend->attempts_made(job.id());
      co_return attempts > job.record().attempts_made;
    } catch (const ConnectionError&) {
      // Its connection has told, and Redis is asked again.
      if (is_over() || backend->connection().is_closed()) throw;
    }
    co_await sleep(options.run_retry_delay);
  }
}

void Worker::State::note_end(Job& job, const JobEnding& ending) {
  using Kind = JobEnding::Kind;
  if (!ending.is_attempt()) return;
  JobRecord& record = detail::JobHandleState::of(job).record;
  ++record.attempts_made;
  if (ending.kind == Kind::completed || ending.kind == Kind::failed) record.finished_on = detail::now_ms();
  if (ending.kind == Kind::completed) {
    record.return_value = ending.return_value;
    emit(events.completed, job, std::string_view(ending.return_value));
    return;
  }
  if (ending.kind == Kind::delayed) record.delay = Milliseconds(ending.delay_ms);
  record.failed_reason = ending.failure.message;
  record.stacktrace = ending.stacktrace;
  emit(events.failed, job, ending.failure);
}

JobEnding Worker::State::failed_ending(const Job& job, JobFailure failure) {
  using Decided = detail::FailureDecision::Kind;
  const JobRecord& record = job.record();
  const bool may_retry = record.attempts_made + 1 < record.options.attempts.value_or(0);
  std::int64_t backoff = 0;
  try {
    if (may_retry) backoff = backoff_of(job, failure);
  } catch (...) {
    // A strategy that is missing or throws: without this the job would hang until it stalls, again and again.
    report_current_exception();
    backoff = -1;
  }
  const auto decision = detail::decide_failure(record, failure, options.max_started_attempts, backoff);
  JobEnding ending;
  switch (decision.kind) {
    case Decided::moved:
      ending.kind = JobEnding::Kind::moved;
      break;
    case Decided::rate_limited:
      ending.kind = JobEnding::Kind::rate_limited;
      break;
    case Decided::retry:
      ending.kind = decision.delay_ms > 0 ? JobEnding::Kind::delayed : JobEnding::Kind::retried;
      break;
    case Decided::fail:
      ending.kind = JobEnding::Kind::failed;
      break;
  }
  ending.delay_ms = decision.delay_ms;
  ending.stacktrace = detail::with_stack(record.stacktrace, failure.stack, record.options.stack_trace_limit);
  ending.failure = std::move(failure);
  return ending;
}

std::int64_t Worker::State::backoff_of(const Job& job, const JobFailure& failure) {
  const auto& backoff = job.options().backoff;
  if (!backoff) return 0;
  const auto attempts_made = job.record().attempts_made + 1;
  const double draw = std::uniform_real_distribution<double>(0, 1)(backend->random());
  const auto known = detail::backoff_delay(*backoff, attempts_made, draw);
  if (known) return *known;
  if (options.backoff_strategy)
    return options.backoff_strategy(attempts_made, backoff->type, failure, job.record());
  throw Error("Unknown backoff strategy " + backoff->type +
              ".\n      If a custom backoff strategy is used, specify it when the queue is created.");
}

std::exception_ptr Worker::State::explain(const Job& job, const JobError& refusal) {
  if (refusal.code() != ErrorCode::job_lock_not_exist && refusal.code() != ErrorCode::job_lock_mismatch)
    return std::make_exception_ptr(refusal);
  std::string text = refusal.what();
  Milliseconds since{0};
  const auto renewed = locks ? locks->since_renewal(job.id(), job.token()) : std::nullopt;
  if (renewed) {
    since = *renewed;
    text += ": its lock of " + std::to_string(options.lock_duration.count()) + " ms was last renewed " +
            std::to_string(since.count()) + " ms ago";
  }
  return std::make_exception_ptr(LockLostError(refusal.code(), text, job.id(), since, options.lock_duration));
}

}  // namespace bullmq

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
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

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

void Worker::State::start(Job job) {
  running.emplace(job.id(), std::make_shared<Running>(job, executor));
  if (locks) locks->track(job.id(), job.token());
  // Owned by `running`: close() waits until it is empty.
  asio::co_spawn(executor, process(shared_from_this(), std::move(job)), asio::detached);
}

// One slot: a job, and then those that came with the answers to its ends.
awaitable<void> Worker::State::process(std::shared_ptr<State> self, Job job) {
  while (true) {
    std::optional<Job> next;
    try {
      next = co_await self->process_one(job);
    } catch (const std::exception& error) {
      if (!self->closed) self->emit(self->events.error, error);
    }
    if (self->locks) self->locks->untrack(job.id());
    self->running.erase(job.id());
    if (!next) break;
    job = std::move(*next);
    self->running.emplace(job.id(), std::make_shared<Running>(job, self->executor));
    if (self->locks) self->locks->track(job.id(), job.token());
  }
  self->wake_all();
}

awaitable<std::optional<Job>> Worker::State::process_one(Job job) {
  const RunningPointer current = running.at(job.id());
  const JobRecord& record = job.record();
  if (record.deferred_failure) {
    JobFailure failure{"UnrecoverableError", *record.deferred_failure, {}};
    failure.stack = failure.name + ": " + failure.message;
    auto next = co_await fail(job, std::move(failure));
    co_return next;
  }
  if (options.max_started_attempts && *options.max_started_attempts > 0 &&
      *options.max_started_attempts < record.attempts_started) {
    JobFailure failure{"UnrecoverableError", "job started more than allowable limit", {}};
    failure.stack = failure.name + ": " + failure.message;
    auto next = co_await fail(job, std::move(failure));
    co_return next;
  }
  co_await run_processor(current);
  if (current->given_back) co_return std::nullopt;
  if (!current->failure) {
    auto next = co_await complete(job, std::move(current->return_value));
    co_return next;
  }
  JobFailure failure;
  try {
    std::rethrow_exception(current->failure);
  } catch (const boost::system::system_error& error) {
    failure = detail::describe_current_exception();
    if (error.code() == asio::error::operation_aborted && current->stop.stop_requested()) {
      failure.message = current->cancel_reason;
      failure.stack = failure.name + ": " + failure.message;
    }
  } catch (...) {
    failure = detail::describe_current_exception();
  }
  auto next = co_await fail(job, std::move(failure));
  co_return next;
}

// Returns when the processor has ended, was given up after its time, or its job was given back.
awaitable<void> Worker::State::run_processor(RunningPointer current) {
  asio::co_spawn(executor, processor(current->job, current->stop.get_token()),
                 asio::bind_cancellation_slot(current->cancellation.slot(),
                                              [weak = weak_from_this(), current](std::exception_ptr failure,
                                                                                 std::string return_value) {
                                                const auto self = weak.lock();
                                                if (self && std::exchange(current->abandoned, false)) {
                                                  --self->abandoned;
                                                  self->wake_all();
                                                }
                                                if (current->done) return;
                                                current->failure = std::move(failure);
                                                current->return_value = std::move(return_value);
                                                current->done = true;
                                                current->changed.wake();
                                              }));
  const auto never = Clock::time_point::max();
  const auto limit = options.job_timeout ? Clock::now() + *options.job_timeout : never;
  while (!current->done && Clock::now() < limit) co_await current->changed.wait(limit);
  if (current->done) co_return;
  const std::string reason = "job timed out after " + std::to_string(options.job_timeout->count()) + " ms";
  cancel(*current, reason);
  const auto grace = Clock::now() + options.cancel_grace;
  while (!current->done && Clock::now() < grace) co_await current->changed.wait(grace);
  if (current->given_back) co_return;
  current->done = true;
  current->failure = std::make_exception_ptr(Error(reason));
  abandon(*current);
}

void Worker::State::abandon(Running& job) {
  if (!pool) return;
  job.abandoned = true;
  ++abandoned;
  const Error ignores("the processor of job " + job.job.id() + " has not ended " +
                      std::to_string(options.cancel_grace.count()) +
                      " ms after its cancellation; its thread is lost to the worker until it does");
  emit(events.error, static_cast<const std::exception&>(ignores));
}

void Worker::State::cancel(Running& job, std::string reason) {
  if (job.stop.stop_requested()) return;
  job.cancel_reason = reason.empty() ? "the job was cancelled" : std::move(reason);
  job.stop.request_stop();
  job.cancellation.emit(asio::cancellation_type::terminal);
}

awaitable<std::optional<Job>> Worker::State::complete(Job job, std::string return_value) {
  bool unknown = false;
  while (true) {
    std::exception_ptr refused;
    bool again = false;
    try {
      detail::NextJob next = co_await backend->finish(job.record(), detail::Outcome::completed, return_value,
                                                      job.token(), may_fetch_next(), {});
      JobRecord& record = detail::JobHandleState::of(job).record;
      record.return_value = return_value;
      record.finished_on = detail::now_ms();
      ++record.attempts_made;
      const bool told = may_fetch_next() || next.has_job;
      emit(events.completed, job, std::string_view(return_value));
      if (!told) co_return std::nullopt;
      co_return take(std::move(next), job.token());
    } catch (const ConnectionError& error) {
      if (closed || backend->connection().is_closed()) throw;
      unknown = unknown || error.fate() == Fate::unknown;
      again = true;
    } catch (const JobError& error) {
      // A finish whose answer was lost was done: the lock that it missed was released by itself.
      if (!unknown) {
        if (error.code() != ErrorCode::job_has_failed_children &&
            error.code() != ErrorCode::job_pending_children)
          throw;
      }
      refused = std::current_exception();
    }
    if (again) {
      detail::Wakeup pause(executor);
      co_await pause.wait(Clock::now() + options.run_retry_delay);
      continue;
    }
    if (unknown) {
      const JobState state = co_await job.state();
      if (state == JobState::completed || state == JobState::unknown) {
        emit(events.completed, job, std::string_view(return_value));
        co_return std::nullopt;
      }
      std::rethrow_exception(refused);
    }
    JobFailure failure;
    try {
      std::rethrow_exception(refused);
    } catch (...) {
      failure = detail::describe_current_exception();
    }
    failure.name = "UnrecoverableError";
    auto next = co_await fail(job, std::move(failure));
    co_return next;
  }
}

std::int64_t Worker::State::backoff_of(const Job& job, const JobFailure& failure) {
  const auto& backoff = job.options().backoff;
  if (!backoff) return 0;
  const auto attempts_made = job.record().attempts_made + 1;
  const auto known = detail::backoff_delay(*backoff, attempts_made,
                                           std::uniform_real_distribution<double>(0, 1)(backend->random()));
  if (known) return *known;
  if (options.backoff_strategy)
    return options.backoff_strategy(attempts_made, backoff->type, failure, job.record());
  throw Error("Unknown backoff strategy " + backoff->type +
              ".\n      If a custom backoff strategy is used, specify it when the queue is created.");
}

awaitable<detail::NextJob> Worker::State::apply_failure(Job job, JobFailure failure) {
  using Kind = detail::FailureDecision::Kind;
  JobRecord& record = detail::JobHandleState::of(job).record;
  const bool may_retry = record.attempts_made + 1 < record.options.attempts.value_or(0);
  const std::int64_t backoff = may_retry ? backoff_of(job, failure) : 0;
  const auto decision = detail::decide_failure(record, failure, options.max_started_attempts, backoff);
  detail::NextJob next;
  if (decision.kind == Kind::rate_limited) {
    const auto ttl = co_await backend->move_to_wait(job.id(), job.token());
    limit_until = ttl > 0 ? detail::now_ms() + ttl : 0;
    co_return next;
  }
  if (decision.kind == Kind::moved) {
    if (!may_fetch_next()) co_return next;
    next = co_await backend->move_to_active(job.token());
    co_return next;
  }
  const auto stacktrace =
      detail::with_stack(record.stacktrace, failure.stack, record.options.stack_trace_limit);
  detail::JobFields fields{{"failedReason", failure.message},
                           {"stacktrace", detail::encode_stacktrace(stacktrace)}};
  if (decision.kind == Kind::fail) {
    next = co_await backend->finish(record, detail::Outcome::failed, failure.message, job.token(),
                                    may_fetch_next(), std::move(fields));
    record.finished_on = detail::now_ms();
  } else if (decision.delay_ms > 0) {
    next = co_await backend->move_to_delayed(job.id(), Milliseconds(decision.delay_ms), job.token(), false,
                                             std::move(fields), may_fetch_next());
    record.delay = Milliseconds(decision.delay_ms);
  } else {
    co_await backend->retry_job(job.id(), record.options.lifo.value_or(false), job.token(),
                                std::move(fields));
  }
  record.failed_reason = failure.message;
  record.stacktrace = stacktrace;
  ++record.attempts_made;
  emit(events.failed, job, failure);
  co_return next;
}

awaitable<std::optional<Job>> Worker::State::fail(Job job, JobFailure failure) {
  bool unknown = false;
  while (true) {
    try {
      detail::NextJob next = co_await apply_failure(job, failure);
      if (!next.has_job && next.rate_limit_ms == 0 && next.delay_until == 0) co_return std::nullopt;
      co_return take(std::move(next), job.token());
    } catch (const ConnectionError& error) {
      if (closed || backend->connection().is_closed()) throw;
      unknown = unknown || error.fate() == Fate::unknown;
    } catch (const JobError&) {
      // The move whose answer was lost was done.
      if (unknown) co_return std::nullopt;
      throw;
    }
    detail::Wakeup pause(executor);
    co_await pause.wait(Clock::now() + options.run_retry_delay);
  }
}

void Worker::State::report_current_exception() {
  try {
    throw;
  } catch (const std::exception& error) {
    events.error.emit([] {}, error);
  } catch (...) {
    events.error.emit([] {}, Error("a listener threw something that is no std::exception"));
  }
}

}  // namespace bullmq

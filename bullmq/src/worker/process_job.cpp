#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <utility>

#include "bullmq/error.hpp"
#include "core/json_text.hpp"
#include "core/run_detached.hpp"
#include "worker/failure_decision.hpp"
#include "worker/worker_state.hpp"

namespace bullmq {

namespace asio = boost::asio;
using detail::JobAction;
using detail::JobEvent;

awaitable<void> Worker::State::begin(Job job) {
  if (stopping()) {
    co_await give_back(std::move(job));
    co_return;
  }
  const JobPointer entered = enter(job);
  // Owned by `in_process`: close() waits until it is empty.
  detail::run_detached(executor, process(shared_from_this(), entered));
}

Worker::State::JobPointer Worker::State::enter(const Job& job) {
  for (const auto& [token, other] : in_process) {
    // It came back to us because we had lost it.
    if (other->job.id() != job.id() || detail::is_being_told(other->progress)) continue;
    lock_lost(
        {job.id(), token,
         locks ? locks->since_renewal(job.id(), token).value_or(Milliseconds(0)) : options.lock_duration});
  }
  const auto entered = std::make_shared<JobInProcess>(job, executor);
  in_process.insert_or_assign(job.token(), entered);
  if (locks) locks->track(job.id(), job.token());
  emit(events.active, job);
  return entered;
}

// One slot: a job, and then those that came with the answers to its ends.
awaitable<void> Worker::State::process(std::shared_ptr<State> self, JobPointer current) {
  while (true) {
    std::optional<Job> next;
    try {
      next = co_await self->process_one(current);
    } catch (...) {
      if (!self->is_over()) self->report_current_exception();
    }
    const Job& job = current->job;
    if (self->locks) self->locks->untrack(job.id(), job.token());
    self->in_process.erase(job.token());
    if (!next) break;
    if (self->stopping()) {
      co_await self->give_back(std::move(*next));
      break;
    }
    current = self->enter(*next);
  }
  self->wake_all();
}

awaitable<std::optional<Job>> Worker::State::process_one(JobPointer current) {
  const JobRecord& record = current->job.record();
  if (record.repeat_job_key) {
    const auto put_back = co_await schedule_next(current->job);
    if (is_let_go(current->progress)) co_return std::nullopt;
    if (put_back) {
      detail::JobEnding back;
      back.kind = detail::JobEnding::Kind::put_back;
      back.delay_ms = put_back->count();
      auto after = co_await end_job(current, std::move(back));
      co_return after;
    }
  }
  JobFailure refused;
  if (record.deferred_failure) {
    refused.message = *record.deferred_failure;
  } else if (options.max_started_attempts && *options.max_started_attempts > 0 &&
             *options.max_started_attempts < record.attempts_started) {
    refused.message = "job started more than allowable limit";
  }
  detail::JobEnding ending;
  if (!refused.message.empty()) {
    refused.name = "UnrecoverableError";
    refused.stack = refused.name + ": " + refused.message;
    ending = failed_ending(current->job, std::move(refused));
  } else {
    co_await run_processor(current);
    if (is_let_go(current->progress)) co_return std::nullopt;
    ending = ending_of(*current);
  }
  auto next = co_await end_job(current, std::move(ending));
  co_return next;
}

// How a job ends whose processor has ended, or was given up.
detail::JobEnding Worker::State::ending_of(JobInProcess& current) {
  detail::JobEnding ending;
  if (!current.failure) {
    ending.return_value = std::move(current.return_value);
    // A processor that has nothing to say.
    if (ending.return_value.empty()) ending.return_value = "null";
    try {
      detail::require_json("return value of job " + current.job.id(), ending.return_value);
    } catch (const ValidationError& error) {
      // The next attempt would do it all again and return the same.
      current.failure = std::make_exception_ptr(UnrecoverableError(error.what()));
    }
  }
  if (current.failure) ending = failed_ending(current.job, describe_failure(current));
  return ending;
}

// A processor that ended because its waiting was cancelled failed for the reason of the cancellation.
JobFailure Worker::State::describe_failure(const JobInProcess& job) {
  JobFailure failure;
  bool cancelled = false;
  try {
    std::rethrow_exception(job.failure);
  } catch (const CancelledError&) {
    failure = detail::describe_current_exception();
    cancelled = true;
  } catch (const boost::system::system_error& error) {
    failure = detail::describe_current_exception();
    cancelled = error.code() == asio::error::operation_aborted;
  } catch (...) {
    failure = detail::describe_current_exception();
  }
  if (cancelled && job.stop.stop_requested()) {
    failure.message = job.cancel_reason;
    failure.stack = failure.name + ": " + failure.message;
  }
  return failure;
}

void Worker::State::processor_ended(JobInProcess& job, std::exception_ptr failure, std::string return_value) {
  switch (job.on(JobEvent::processor_ended)) {
    case JobAction::take_result:
      job.failure = std::move(failure);
      job.return_value = std::move(return_value);
      job.changed.wake();
      break;
    case JobAction::free_thread:
      if (!pool) break;
      --lost_threads;
      wake_all();
      break;
    default:
      break;
  }
}

void Worker::State::start_processor(const JobPointer& current) {
  auto ended = [weak = weak_from_this(), current](std::exception_ptr failure, std::string return_value) {
    if (const auto self = weak.lock()) {
      self->processor_ended(*current, std::move(failure), std::move(return_value));
    }
  };
  try {
    asio::co_spawn(executor, processor(current->job, current->stop.get_token()),
                   asio::bind_cancellation_slot(current->cancellation.slot(), std::move(ended)));
  } catch (...) {
    // A plain function that throws before it has made a coroutine.
    processor_ended(*current, std::current_exception(), std::string());
  }
}

// Returns when the processor has ended, was given up after its time, or its job was given back.
awaitable<void> Worker::State::run_processor(JobPointer current) {
  if (current->on(JobEvent::started) != JobAction::run) co_return;
  start_processor(current);
  const auto is_at_work = [job = current.get()] {
    return job->progress.processor == detail::ProcessorPhase::at_work;
  };
  const auto never = Clock::time_point::max();
  const auto limit = options.job_timeout ? Clock::now() + *options.job_timeout : never;
  while (is_at_work() && Clock::now() < limit) co_await current->changed.wait(limit);
  if (!is_at_work()) co_return;
  const std::string reason = "job timed out after " + std::to_string(options.job_timeout->count()) + " ms";
  cancel(*current, reason);
  const auto grace = Clock::now() + options.cancel_grace;
  while (is_at_work() && Clock::now() < grace) co_await current->changed.wait(grace);
  if (current->on(JobEvent::grace_over) != JobAction::lose_thread) {
    if (!is_let_go(current->progress)) current->failure = std::make_exception_ptr(Error(reason));
    co_return;
  }
  current->failure = std::make_exception_ptr(Error(reason));
  lose_thread(*current);
}

void Worker::State::lose_thread(const JobInProcess& job) {
  if (!pool) return;
  ++lost_threads;
  report(Error("the processor of job " + job.job.id() + " has not ended " +
               std::to_string(options.cancel_grace.count()) +
               " ms after its cancellation; its thread is lost to the worker until it does"));
}

void Worker::State::cancel(JobInProcess& job, std::string reason) {
  const bool has_ended = job.progress.processor == detail::ProcessorPhase::ended ||
                         job.progress.processor == detail::ProcessorPhase::given_up;
  if (has_ended || job.stop.stop_requested()) return;
  job.cancel_reason = reason.empty() ? "the job was cancelled" : std::move(reason);
  job.stop.request_stop();
  job.cancellation.emit(asio::cancellation_type::terminal);
}

void Worker::State::lock_lost(const detail::LostLock& lock) {
  const auto entry = in_process.find(lock.token);
  if (entry == in_process.end() || detail::is_being_told(entry->second->progress)) return;
  const JobPointer lost = entry->second;
  const LockLostError error(ErrorCode::job_lock_not_exist,
                            "could not renew lock for job " + lock.id + ": its lock of " +
                                std::to_string(options.lock_duration.count()) + " ms was last renewed " +
                                std::to_string(lock.since_renewal.count()) + " ms ago",
                            lock.id, lock.since_renewal, options.lock_duration);
  const std::vector<std::string> ids{lock.id};
  emit(events.lock_renewal_failed, ids);
  report(error);
  if (options.cancel_on_lost_lock) cancel(*lost, error.what());
}

void Worker::State::report_current_exception() {
  if (phase == detail::WorkerPhase::destroyed) return;
  try {
    throw;
  } catch (const std::exception& error) {
    events.error.emit([] {}, error);
  } catch (...) {
    events.error.emit([] {}, Error("something was thrown that is no std::exception"));
  }
}

}  // namespace bullmq

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <utility>

#include "bullmq/error.hpp"
#include "core/json_text.hpp"
#include "worker/failure_decision.hpp"
#include "worker/worker_state.hpp"

namespace bullmq {

namespace asio = boost::asio;

awaitable<void> Worker::State::begin(Job job) {
  if (stopping()) {
    co_await give_back(std::move(job));
    co_return;
  }
  const RunningPointer entered = enter(job);
  // Owned by `running`: close() waits until it is empty.
  asio::co_spawn(executor, process(shared_from_this(), entered), asio::detached);
}

Worker::State::RunningPointer Worker::State::enter(const Job& job) {
  for (const auto& [token, other] : running) {
    // It came back to us because we had lost it.
    if (other->job.id() != job.id() || other->ending) continue;
    lock_lost(
        {job.id(), token,
         locks ? locks->since_renewal(job.id(), token).value_or(Milliseconds(0)) : options.lock_duration});
  }
  const auto entered = std::make_shared<Running>(job, executor);
  running.insert_or_assign(job.token(), entered);
  if (locks) locks->track(job.id(), job.token());
  emit(events.active, job);
  return entered;
}

// One slot: a job, and then those that came with the answers to its ends.
awaitable<void> Worker::State::process(std::shared_ptr<State> self, RunningPointer current) {
  while (true) {
    std::optional<Job> next;
    try {
      next = co_await self->process_one(current);
    } catch (...) {
      if (!self->closed) self->report_current_exception();
    }
    const Job& job = current->job;
    if (self->locks) self->locks->untrack(job.id(), job.token());
    self->running.erase(job.token());
    if (!next) break;
    if (self->stopping()) {
      co_await self->give_back(std::move(*next));
      break;
    }
    current = self->enter(*next);
  }
  self->wake_all();
}

awaitable<std::optional<Job>> Worker::State::process_one(RunningPointer current) {
  const JobRecord& record = current->job.record();
  if (record.repeat_job_key) {
    const auto put_back = co_await schedule_next(current->job);
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
    if (current->given_back) co_return std::nullopt;
    if (!current->failure) {
      ending.return_value = std::move(current->return_value);
      // A processor that has nothing to say.
      if (ending.return_value.empty()) ending.return_value = "null";
      try {
        detail::require_json("return value of job " + record.id, ending.return_value);
      } catch (const ValidationError& error) {
        // The next attempt would do it all again and return the same.
        current->failure = std::make_exception_ptr(UnrecoverableError(error.what()));
      }
    }
    if (current->failure) {
      ending = failed_ending(current->job, describe_failure(*current));
    }
  }
  auto next = co_await end_job(current, std::move(ending));
  co_return next;
}

// A processor that ended because its waiting was cancelled failed for the reason of the cancellation.
JobFailure Worker::State::describe_failure(const Running& job) {
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

// Returns when the processor has ended, was given up after its time, or its job was given back.
awaitable<void> Worker::State::run_processor(RunningPointer current) {
  try {
    asio::co_spawn(executor, processor(current->job, current->stop.get_token()),
                   asio::bind_cancellation_slot(current->cancellation.slot(),
                                                [weak = weak_from_this(), current](std::exception_ptr failure,
                                                                                   std::string return_value) {
                                                  const auto self = weak.lock();
                                                  if (self && std::exchange(current->keeps_thread, false)) {
                                                    --self->lost_threads;
                                                    self->wake_all();
                                                  }
                                                  if (current->done) return;
                                                  current->failure = std::move(failure);
                                                  current->return_value = std::move(return_value);
                                                  current->done = true;
                                                  current->changed.wake();
                                                }));
  } catch (...) {
    // A plain function that throws before it has made a coroutine.
    current->failure = std::current_exception();
    current->done = true;
  }
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
  give_up(*current);
}

void Worker::State::give_up(Running& job) {
  if (!pool) return;
  job.keeps_thread = true;
  ++lost_threads;
  report(Error("the processor of job " + job.job.id() + " has not ended " +
               std::to_string(options.cancel_grace.count()) +
               " ms after its cancellation; its thread is lost to the worker until it does"));
}

void Worker::State::cancel(Running& job, std::string reason) {
  if (job.done || job.stop.stop_requested()) return;
  job.cancel_reason = reason.empty() ? "the job was cancelled" : std::move(reason);
  job.stop.request_stop();
  job.cancellation.emit(asio::cancellation_type::terminal);
}

void Worker::State::lock_lost(const detail::LostLock& lock) {
  const auto entry = running.find(lock.token);
  if (entry == running.end() || entry->second->ending) return;
  const RunningPointer lost = entry->second;
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
  if (abandoned) return;
  try {
    throw;
  } catch (const std::exception& error) {
    events.error.emit([] {}, error);
  } catch (...) {
    events.error.emit([] {}, Error("something was thrown that is no std::exception"));
  }
}

}  // namespace bullmq

#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

// What the library throws. Every exception that leaves a function of this library derives from bullmq::Error;
// messages are the ones that the official clients use, so a text that users search for finds the same
// answers. The one exception is std::bad_alloc. A coroutine that is cancelled throws CancelledError; what it
// leaves behind is said there.
namespace bullmq {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// An argument or option that is refused before anything is sent. Nothing has happened.
class ValidationError : public Error {
 public:
  using Error::Error;
};

// The negative codes of the scripts, as the official clients number them.
enum class ErrorCode : int {
  job_not_exist = -1,
  job_lock_not_exist = -2,
  job_not_in_state = -3,
  job_pending_children = -4,
  parent_job_not_exist = -5,
  job_lock_mismatch = -6,
  parent_job_cannot_be_replaced = -7,
  job_belongs_to_job_scheduler = -8,
  job_has_failed_children = -9,
  scheduler_job_id_collision = -10,
  scheduler_job_slots_busy = -11,
};

// A script refused the operation: the job is missing, in another state, or owned by another worker.
// The queue is unchanged.
class JobError : public Error {
 public:
  JobError(ErrorCode code, const std::string& message) : Error(message), code_(code) {}
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

// A worker no longer owns a job that it processes: its lock expired before it was renewed, and the job was
// taken away or is about to be. What the processor did is done again by whoever takes the job. Reported by
// the worker's error event, when a renewal or the finish was refused.
class LockLostError : public JobError {
 public:
  LockLostError(ErrorCode code, const std::string& message, std::string job_id,
                std::chrono::milliseconds since_renewal, std::chrono::milliseconds lock_duration)
      : JobError(code, message),
        job_id_(std::move(job_id)),
        since_renewal_(since_renewal),
        lock_duration_(lock_duration) {}
  [[nodiscard]] const std::string& job_id() const noexcept { return job_id_; }
  // How long ago the lock was taken or last renewed. Less than lock_duration(): somebody removed it.
  [[nodiscard]] std::chrono::milliseconds since_renewal() const noexcept { return since_renewal_; }
  [[nodiscard]] std::chrono::milliseconds lock_duration() const noexcept { return lock_duration_; }

 private:
  std::string job_id_;
  std::chrono::milliseconds since_renewal_;
  std::chrono::milliseconds lock_duration_;
};

// Redis answered with an error (WRONGTYPE, OOM, NOAUTH, NOPERM, ...).
class RedisError : public Error {
 public:
  explicit RedisError(const std::string& message) : Error(message) {}
  // The first word of the message, e.g. "OOM".
  [[nodiscard]] std::string word() const {
    const std::string text = what();
    return text.substr(0, text.find(' '));
  }
};

// Redis answered with something that the command never answers: it is no Redis, or a proxy or another program
// has come between. Whether the command was executed is not known.
class UnexpectedReplyError : public Error {
 public:
  using Error::Error;
};

// What is known of a command that got no answer.
enum class Fate {
  not_executed,  // it was never sent: sending it again is safe
  unknown,       // it was sent and the answer was lost: Redis may have executed it
};

// The connection failed, was closed, or is not there. fate() tells whether the command may have been
// executed.
class ConnectionError : public Error {
 public:
  ConnectionError(Fate fate, const std::string& message) : Error(message), fate_(fate) {}
  [[nodiscard]] Fate fate() const noexcept { return fate_; }

 private:
  Fate fate_;
};

// No answer within the deadline of a command.
class CommandTimeoutError : public ConnectionError {
 public:
  using ConnectionError::ConnectionError;
};

// The coroutine that waited was cancelled, by an Asio cancellation of its type `terminal` or `all`. An
// operation that was not sent yet never is (Fate::not_executed); one that was sent may be executed all the
// same (Fate::unknown). The objects stay usable. Asio itself throws its operation_aborted in a coroutine that
// goes on to co_await something else after its cancellation.
class CancelledError : public Error {
 public:
  explicit CancelledError(Fate fate)
      : Error(fate == Fate::not_executed ? "the operation was cancelled before it was sent"
                                         : "the operation was cancelled; it may have been executed"),
        fate_(fate) {}
  [[nodiscard]] Fate fate() const noexcept { return fate_; }

 private:
  Fate fate_;
};

// A value has no JSON, or a JSON text is not of the type that was asked for (json_text.hpp).
class JsonError : public Error {
 public:
  using Error::Error;
};

// Job::wait_until_finished() reached its deadline. The job goes on.
class WaitTimeoutError : public Error {
 public:
  using Error::Error;
};

// Job::wait_until_finished(): the job failed; what() is its failedReason.
class JobFailedError : public Error {
 public:
  using Error::Error;
};

// The classes that follow are what a processor throws to decide what becomes of its job. Anything else that
// it throws is a failure, which is retried as long as the job has attempts left.

// A failure with a name and a stack of the processor's own choosing, which are stored with the job.
class ProcessorError : public Error {
 public:
  ProcessorError(std::string name, const std::string& message, std::string stack = {})
      : Error(message), name_(std::move(name)), stack_(std::move(stack)) {}
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  // Empty: "name: message" is stored.
  [[nodiscard]] const std::string& stack() const noexcept { return stack_; }

 private:
  std::string name_;
  std::string stack_;
};

// Fail now, whatever attempts are left.
class UnrecoverableError : public ProcessorError {
 public:
  explicit UnrecoverableError(const std::string& message = "bullmq:unrecoverable", std::string stack = {})
      : ProcessorError("UnrecoverableError", message, std::move(stack)) {}
};

// The queue was rate limited by the processor (Queue::rate_limit): the job goes back to wait, and no attempt
// is used.
class RateLimitError : public ProcessorError {
 public:
  RateLimitError() : ProcessorError("Error", "bullmq:rateLimitExceeded") {}
};

// The processor has moved the job itself: Job::move_to_delayed, move_to_wait, move_to_waiting_children.
class DelayedError : public ProcessorError {
 public:
  DelayedError() : ProcessorError("DelayedError", "bullmq:movedToDelayed") {}
};
class WaitingError : public ProcessorError {
 public:
  WaitingError() : ProcessorError("WaitingError", "bullmq:movedToWait") {}
};
class WaitingChildrenError : public ProcessorError {
 public:
  WaitingChildrenError() : ProcessorError("WaitingChildrenError", "bullmq:movedToWaitingChildren") {}
};

}  // namespace bullmq

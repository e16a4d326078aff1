#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include "shunt/base/error.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/generation_event.hpp"

namespace shunt::executor {

// Told about every decision on a request and about every end that an executor sees, for metrics and logs.
// Called from any thread; must be quick and must not call back into the executor. Views live for the call.
class ExecutorObserver {
 public:
  virtual ~ExecutorObserver() = default;

  // How a submit() ended.
  struct Submitted {
    enum class Outcome {
      kAccepted,
      kReplayed,  // an idempotency key named a generation that exists
      kRefused,
      kUnknown,
    };
    std::string_view model = {};  // "" when the request named none that is known
    std::string_view path = {};   // "sync", "queue"
    Outcome outcome = Outcome::kAccepted;
    std::string_view code = {};        // with kRefused and kUnknown
    std::chrono::nanoseconds took{0};  // from the call of submit() to its outcome
    // The part of it in which the job was added to its queue; 0 where there is none.
    std::chrono::nanoseconds enqueue{0};
  };
  virtual void submitted(const Submitted& request) = 0;

  struct Ended {
    std::string_view id;
    std::string_view model;
    std::string_view path;
    GenerationState state;
    std::string_view error_code;      // with kFailed
    std::chrono::nanoseconds waited;  // from admission to start (to the end, if it never started)
    std::chrono::nanoseconds ran;
    const Admission& admission;  // as it was stored with the generation
    // From the end, where it ran, to this process seeing it. By two machines' clocks when a worker ran it
    // elsewhere; never negative. 0 in the same process, nothing where nobody waited for it.
    std::optional<std::chrono::nanoseconds> hand_back = std::chrono::nanoseconds(0);
  };
  virtual void ended(const Ended& end) = 0;

  // Why a generation failed, for the log; after its ended().
  struct Failed {
    std::string_view id;
    std::string_view model;
    std::string_view path;
    const Error& error;
    std::size_t attempt = 1;
    std::string_view worker;  // which had it last; "" in this process, or not known
  };
  virtual void failed(const Failed& /*failure*/) {}

  // What the registry of sync generations in Redis could not do, or has found out.
  enum class Registry {
    kLocal,         // a sync generation began while Redis was away: only its own process answers for it
    kAsyncRefused,  // `respond-async` was refused, because Redis was away
    kWeakClaim,     // an idempotency key was claimed in this process's table alone
    kDouble,        // such a key was another generation's in Redis already, once that was back
    kInterrupted,   // a generation was ended here, because its owner was gone
    kOvertaken,     // a generation of this process had been ended by another one before it ended here
  };
  virtual void registry(Registry /*what*/) {}
};

// Told what a queue's worker does. Called from the worker's thread; as above.
class WorkerObserver {
 public:
  virtual ~WorkerObserver() = default;

  // It has taken a generation. `attempt` counts from 1: above it another worker has begun it before.
  virtual void claimed(std::string_view model, std::size_t attempt) = 0;

  // A generation that has ended here, its end in the log.
  struct Ended {
    std::string_view id;
    std::string_view model;
    GenerationState state;
    std::string_view error_code;      // with kFailed
    std::chrono::nanoseconds waited;  // from admission to start, by two machines' clocks
    std::chrono::nanoseconds ran;
  };
  virtual void ended(const Ended& end) = 0;

  // Why an attempt here failed, for the log.
  struct Failed {
    std::string_view id;
    std::string_view model;
    const Error& error;
    std::size_t attempt = 1;
    std::string_view worker;
    bool retried = false;  // another attempt follows
  };
  virtual void failed(const Failed& /*failure*/) {}

  // A generation that this worker let go of without an end.
  enum class Release {
    kLost,        // its lock was lost, or another worker has it, or it has ended elsewhere
    kGivenBack,   // the worker stops: back at the front of the queue
    kPutBack,     // an envelope of a version that this worker does not know
    kUnreadable,  // no envelope at all, or of a version that no worker knew in time: its job has failed
  };
  virtual void released(std::string_view model, Release how) = 0;

  // One call that appended to the logs of `batches` generations; `bytes` of events. `failed`: no answer, it
  // is tried again.
  struct Append {
    std::size_t batches = 0;
    std::size_t bytes = 0;
    std::chrono::nanoseconds took{0};
    bool failed = false;
  };
  virtual void appended(const Append& append) = 0;

  // This many locks of this model's generations could not be renewed.
  virtual void locks_not_renewed(std::string_view model, std::size_t count) = 0;
};

}  // namespace shunt::executor

#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

#include "shunt/executor/namespace.hpp"
#include "shunt/executor/observer.hpp"
#include "shunt/generation/envelope.hpp"

namespace shunt::executor {

// One attempt at a generation, as a trace records it: nothing, unless one of the functions below is called.
// Each may be called from any thread, one of them once.
class RunTrace {
 public:
  virtual ~RunTrace() = default;

  struct End {
    GenerationState state = GenerationState::kSucceeded;
    std::string_view error_code{};       // with kFailed
    std::chrono::nanoseconds waited{0};  // from admission to start (to the end, if it never started)
    std::chrono::nanoseconds ran{0};
    bool retried = false;  // it failed, and another attempt follows
  };
  virtual void ended(const End& end) = 0;

  // The worker has let go of it without an end.
  virtual void released(WorkerObserver::Release how) = 0;
};

// Told of every attempt that is about to run. Called from any thread; must be quick.
class RunTracer {
 public:
  virtual ~RunTracer() = default;

  // The context in `envelope` is that of whoever submitted; the one that is in it afterwards is given to the
  // generator. `attempt` counts from 1. nullptr: this attempt is not recorded.
  [[nodiscard]] virtual std::unique_ptr<RunTrace> begin(Envelope& envelope, std::string_view path,
                                                        std::size_t attempt) = 0;
};

}  // namespace shunt::executor

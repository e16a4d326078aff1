#pragma once

#include <chrono>
#include <string_view>

#include "shunt/generation/generation_event.hpp"

namespace shunt::executor {

// Told about every admission and every end, for metrics and logs. Called from any thread; must be quick and
// must not call back into the executor.
class ExecutorObserver {
 public:
  virtual ~ExecutorObserver() = default;

  virtual void admitted(std::string_view model, std::string_view path) = 0;
  virtual void refused(std::string_view model, std::string_view path, std::string_view code) = 0;

  struct Ended {
    std::string_view id;
    std::string_view model;
    std::string_view path;  // "sync", later "queue"
    GenerationState state;
    std::string_view error_code;      // with kFailed
    std::chrono::nanoseconds waited;  // from admission to start (to the end, if it never started)
    std::chrono::nanoseconds ran;
  };
  virtual void ended(const Ended& end) = 0;
};

}  // namespace shunt::executor

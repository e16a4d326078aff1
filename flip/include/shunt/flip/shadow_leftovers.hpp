#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "shunt/base/fault_log.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/queue_options.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

struct ShadowLeftoversOptions {
  executor::QueueOptions queue;  // of the copies: their prefix, and for how long what has ended is kept
  // Makes an executor of that queue, whose housekeeping ends and removes what nobody runs or fetches.
  std::function<std::unique_ptr<executor::GenerationExecutor>()> make_executor;
  FaultLog* faults = nullptr;                  // not owned
  std::chrono::milliseconds interval{60'000};  // between two looks
};

// Copies that were under way when their process died, and the prompts in them. A process looks now and then
// whether there is anything of a shadow in Redis; while there is, it has an executor that cleans up: so
// whoever comes does it, whatever state the fleet is in, within a copy's timeout, its retention and about
// three looks. A copy that another process has under way ends as usual. Has a thread of its own. With Redis
// away a look fails, is noted, and comes again.
class ShadowLeftovers {
 public:
  explicit ShadowLeftovers(ShadowLeftoversOptions options);
  ShadowLeftovers(const ShadowLeftovers&) = delete;
  ShadowLeftovers& operator=(const ShadowLeftovers&) = delete;
  ~ShadowLeftovers();

  // Whether something was there at the last look. Any thread.
  [[nodiscard]] bool cleans() const noexcept;

 private:
  class Looks;
  const std::unique_ptr<Looks> looks_;
};

}  // namespace shunt::flip

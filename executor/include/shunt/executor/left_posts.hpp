#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "shunt/base/fault_log.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/queue_options.hpp"
#include "shunt/generation/generation_id.hpp"

namespace shunt::executor {

// Generations whose clients have gone before they were answered, for whichever process gets their requests
// again. Each is taken once: by the process that joins it, or back by the one that gives it up. `key` stands
// for what makes two requests equal, and is short. Any thread, also under a lock: what is asked one after the
// other is done in that order, later. Callbacks come on any thread, once, within a bounded time; where it has
// ended already, within the call.
class LeftPosts {
 public:
  virtual ~LeftPosts() = default;

  // Can be taken from now on, for so long. Again changes nothing but the time.
  virtual void offer(std::string key, GenerationId id, std::chrono::milliseconds window) = 0;
  // One that is there under this key; nullopt: none, or it cannot be told now.
  virtual void take(std::string key, std::function<void(std::optional<GenerationId>)> done) = 0;
  // True: it was still there, so nobody has joined it, and nobody will. False: somebody has, or it cannot be
  // told now.
  virtual void withdraw(std::string key, GenerationId id, std::function<void(bool)> done) = 0;
};

// In the queue's Redis, which is connected to when it is first needed. Starts a thread.
[[nodiscard]] std::unique_ptr<LeftPosts> make_left_posts(const QueueOptions& queue, FaultLog& faults);

}  // namespace shunt::executor

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/connection_options.hpp"
#include "bullmq/job_options.hpp"

namespace bullmq::detail {

// Renews the locks of a worker's jobs, on a thread and a connection of its own, so that a processor which
// keeps the worker's thread busy does not lose them. All functions: any thread.
class LockKeeper {
 public:
  struct Listener {
    // Called on the keeper's thread.
    std::function<void(std::vector<std::string> ids)> renewed;
    std::function<void(std::vector<std::string> ids)> failed;
    std::function<void(std::string message)> error;
  };
  LockKeeper(ConnectionOptions connection, std::string prefix, std::string queue, Milliseconds lock_duration,
             Milliseconds renew_time, Listener listener);
  // Waits for the thread; no listener is called afterwards.
  ~LockKeeper();
  LockKeeper(const LockKeeper&) = delete;
  LockKeeper& operator=(const LockKeeper&) = delete;

  void track(const std::string& id, const std::string& token);
  void untrack(const std::string& id);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bullmq::detail

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/connection_options.hpp"
#include "bullmq/job_options.hpp"

namespace bullmq::detail {

struct LostLock {
  std::string id;
  std::string token;
  Milliseconds since_renewal{0};
};

// Renews the locks of a worker's jobs, on a thread and a connection of its own, so that a processor which
// keeps the worker's thread busy does not lose them. All functions: any thread.
//
// A lock is renewed when half of renew_time or more is gone, so it is renewed at the age of renew_time at the
// latest. A renewal that fails is tried again as fast as the connection comes back. A lock that expired
// while Redis was away is taken again if nobody has taken the job.
class LockKeeper {
 public:
  struct Listener {
    // Called on the keeper's thread.
    std::function<void(std::vector<std::string> ids)> renewed;
    std::function<void(std::vector<LostLock> locks)> lost;
    std::function<void(std::string message)> error;
  };
  LockKeeper(ConnectionOptions connection, std::string prefix, std::string queue, Milliseconds lock_duration,
             Milliseconds renew_time, Listener listener);
  // Waits for the thread; no listener is called afterwards.
  ~LockKeeper();
  LockKeeper(const LockKeeper&) = delete;
  LockKeeper& operator=(const LockKeeper&) = delete;

  // A job has one lock at a time: one with another token takes the old one's place.
  void track(const std::string& id, const std::string& token);
  void untrack(const std::string& id, const std::string& token);
  // Since the lock was taken or last renewed; absent: it is not tracked.
  [[nodiscard]] std::optional<Milliseconds> since_renewal(const std::string& id,
                                                          const std::string& token) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bullmq::detail

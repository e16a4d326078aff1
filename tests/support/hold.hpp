#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "support/eventually.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {

// Holds those who wait at it (generators, processors) until a test releases them, once and for good.
class Hold {
 public:
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  // Returns when it is released, a stop is requested or the test's patience is at its end.
  void wait(const std::stop_token& stop = {}) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, kPatience, [this] { return released_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool released_ = false;
};

}  // namespace shunt::testing

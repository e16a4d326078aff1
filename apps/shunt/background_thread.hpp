#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "namespace.hpp"

namespace shunt::app {

// Does what may take long, one after the other, on a thread that is there from the first of it on. Any
// thread.
class BackgroundThread {
 public:
  BackgroundThread();
  ~BackgroundThread() { finish(); }
  BackgroundThread(const BackgroundThread&) = delete;
  BackgroundThread& operator=(const BackgroundThread&) = delete;

  // False once finish() was called: nothing is done then. `work` does not throw.
  bool post(std::function<void()> work);
  // Returns when all that was posted is done. Not from the thread itself.
  void finish();

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> waiting;
    bool finishing = false;
  };
  static void work_through(const std::shared_ptr<State>& state);

  const std::shared_ptr<State> state_;
  std::thread thread_;  // guarded by the state's mutex until it is joined
};

}  // namespace shunt::app

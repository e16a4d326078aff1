#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "bullmq/job_options.hpp"

namespace bullmq::detail {

// Threads for tasks that block, made when they are needed, at most `limit`. All functions: any thread, unless
// told otherwise.
class ThreadPool {
 public:
  explicit ThreadPool(std::size_t limit);
  // Shuts down as shut_down(0) does.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Threads beyond it end when they have nothing to do.
  void set_limit(std::size_t limit);
  // Runs `task` on a thread of its own, as soon as there is one. It must not throw. Throws std::system_error
  // when not even one thread can be made.
  void run(std::function<void()> task);
  // Begins no more tasks and waits for those that run, at most for `grace`. Threads of tasks that run on then
  // end with their task; they use nothing of this pool. Not from a task.
  void shut_down(Milliseconds grace);
  [[nodiscard]] std::size_t threads() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace bullmq::detail

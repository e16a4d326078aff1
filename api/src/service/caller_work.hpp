#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>

#include "service/turn_queue.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/file_work.hpp"

namespace shunt::api {

// Threads for what may wait for a disk or a bucket, of which no caller has all. Any thread.
class CallerWork {
 public:
  // At least two threads.
  explicit CallerWork(std::size_t threads) : turns_(threads - 1), threads_(threads) {}

  // Runs `work` on one of the threads when it is its caller's turn; without API keys everybody is one caller,
  // "", and has all of them. It does not throw.
  void post(std::string caller, std::function<void()> work);
  // The same for what nobody waits for, and is soon done.
  void post(std::function<void()> work) { threads_.post(std::move(work)); }

 private:
  void run_next();

  std::mutex mutex_;
  TurnQueue turns_;
  std::size_t passed_over_ = 0;  // pieces that a thread was free for, and their caller had enough under way
  FileWork threads_;             // last: they use the rest
};

}  // namespace shunt::api

#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation::command {

// Threads for what may wait for a disk: begun with the first piece of work, ended with the last one.
class FileWork {
 public:
  FileWork() = default;
  ~FileWork() { join(); }
  FileWork(const FileWork&) = delete;
  FileWork& operator=(const FileWork&) = delete;

  // Runs `work` on one of the threads. Any thread, also one of them.
  void post(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (!pool_) pool_.emplace(kThreads);
    boost::asio::post(*pool_, std::move(work));
  }

  // Waits for all work, also for what that posts. Nothing else is posted any more.
  void join() {
    if (pool_) pool_->join();
  }

 private:
  // Two, so that a folder that takes long to remove keeps nobody from its output.
  static constexpr std::size_t kThreads = 2;

  std::mutex mutex_;
  std::optional<boost::asio::thread_pool> pool_;
};

}  // namespace shunt::generation::command

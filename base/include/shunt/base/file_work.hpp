#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>

namespace shunt::base {

// Threads for what may wait for a disk: begun with the first piece of work, ended with the last one.
class FileWork {
 public:
  // How many threads: two, so that what takes long keeps nobody from theirs.
  explicit FileWork(std::size_t threads = 2);
  ~FileWork() { join(); }
  FileWork(const FileWork&) = delete;
  FileWork& operator=(const FileWork&) = delete;

  // Runs `work` on one of the threads. Any thread, also one of them.
  void post(std::function<void()> work);

  // Waits for all work, also for what that posts. Nothing else is posted any more.
  void join();

 private:
  struct Pool;

  const std::size_t threads_;
  std::mutex mutex_;
  std::shared_ptr<Pool> pool_;
};

}  // namespace shunt::base

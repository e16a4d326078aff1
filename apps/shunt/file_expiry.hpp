#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "namespace.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::app {

// Removes what has expired of a store of files, some parts a minute, on a thread of its own: all of it has
// been looked at within nine minutes. Ends with the object. Both arguments outlive it.
class FileExpiry {
 public:
  FileExpiry(FileStore& store, FaultLog& faults);

  // Prometheus text format.
  [[nodiscard]] std::string metrics_text() const;

 private:
  void run(const std::stop_token& stop);
  void expire();

  FileStore& store_;
  FaultLog& faults_;
  std::atomic<std::uint64_t> expired_{0};
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace shunt::app

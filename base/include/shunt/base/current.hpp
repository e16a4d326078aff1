#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace shunt::base {

// A value that is replaced as a whole while others use it: whoever has taken one keeps it as it was, so that
// nothing is decided by two. Any thread takes it and any thread replaces it.
template <typename T>
class Current {
 public:
  explicit Current(T first) : value_(std::make_shared<const T>(std::move(first))) {}

  // Never nullptr.
  [[nodiscard]] std::shared_ptr<const T> take() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void replace(T next) {
    auto replacement = std::make_shared<const T>(std::move(next));
    const std::lock_guard lock(mutex_);
    value_.swap(replacement);
  }

 private:
  // The std::atomic<std::shared_ptr> of g++ 12 releases its lock without ordering the read before it, which
  // ThreadSanitizer reports and a weakly ordered processor may show.
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace shunt::base

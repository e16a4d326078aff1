#pragma once

#include <functional>
#include <utility>

#include "shunt/api/namespace.hpp"
#include "shunt/base/file_work.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::api {

// The store of files, on threads that may wait for it. Any thread.
class FileService {
 public:
  explicit FileService(FileStore* store) : store_(store), work_(kThreads) {}

  // False: this server has no files, and nothing else may be called.
  [[nodiscard]] bool enabled() const noexcept { return store_ != nullptr; }

  // Runs `work` on one of the threads and hands its result to `done` there.
  template <typename T>
  void run(std::function<T(FileStore&)> work, std::function<void(T)> done) {
    work_.post([this, work = std::move(work), done = std::move(done)] { done(work(*store_)); });
  }

 private:
  // So many uploads can write at once; others wait for their turn.
  static constexpr std::size_t kThreads = 4;

  FileStore* const store_;
  FileWork work_;
};

}  // namespace shunt::api

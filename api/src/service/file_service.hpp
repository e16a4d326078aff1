#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "service/caller_work.hpp"
#include "service/uploads_under_way.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/file_work.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::api {

// The store of files, on threads that may wait for it. Any thread.
class FileService {
 public:
  explicit FileService(FileStore* store) : store_(store), work_(kThreads), fetches_(kFetches) {}

  // False: this server has no files, and nothing else may be called.
  [[nodiscard]] bool enabled() const noexcept { return store_ != nullptr; }

  // Runs `work` on one of the threads when it is the caller's turn, and hands its result to `done` there;
  // what it throws (there may be no memory left) is the error `file_store_failed`. T is a Result.
  template <typename T>
  void run(std::string caller, std::function<T(FileStore&)> work, std::function<void(T)> done) {
    work_.post(std::move(caller), task(std::move(work), std::move(done)));
  }
  // The same on threads for what may wait for strangers' servers too.
  template <typename T>
  void fetch(std::function<T(FileStore&)> work, std::function<void(T)> done) {
    fetches_.post(task(std::move(work), std::move(done)));
  }

  // An upload whose end, which removes what is not kept, waits for the disk on one of the threads too.
  [[nodiscard]] std::shared_ptr<FileUpload> shared(std::unique_ptr<FileUpload> upload) {
    const auto end = [this](FileUpload* ended) {
      work_.post([gone = std::shared_ptr<FileUpload>(ended)] {});
    };
    return {upload.release(), end};
  }

  [[nodiscard]] UploadsUnderWay& uploads() noexcept { return uploads_; }
  // Those whose bytes strangers' servers send: each has one of the threads.
  [[nodiscard]] UploadsUnderWay& fetches() noexcept { return fetches_under_way_; }
  // Prometheus text format; "" without files.
  [[nodiscard]] std::string metrics_text() const;

 private:
  // So many uploads can write at once; others wait for their turn.
  static constexpr std::size_t kThreads = 4;
  // Of one caller; they take 16 MiB of memory.
  static constexpr std::size_t kUploadsOfACaller = 32;
  // So many files can be fetched at once, each within a time limit: a caller's slow ones leave most of them.
  static constexpr std::size_t kFetches = 32;
  static constexpr std::size_t kFetchesOfACaller = 8;

  template <typename T>
  std::function<void()> task(std::function<T(FileStore&)> work, std::function<void(T)> done) {
    return [this, work = std::move(work), done = std::move(done)] {
      try {
        done(work(*store_));
      } catch (const std::exception& fault) {
        done(failed(fault.what()));
      }
    };
  }

  [[nodiscard]] Error failed(const char* why);

  FileStore* const store_;
  UploadsUnderWay uploads_{kUploadsOfACaller};
  UploadsUnderWay fetches_under_way_{kFetchesOfACaller};
  std::atomic<std::uint64_t> faults_{0};
  CallerWork work_;
  FileWork fetches_;
};

}  // namespace shunt::api

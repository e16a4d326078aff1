#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "service/uploads_under_way.hpp"
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

  // Runs `work` on one of the threads and hands its result to `done` there; what it throws (there may be no
  // memory left) is the error `file_store_failed`. T is a Result.
  template <typename T>
  void run(std::function<T(FileStore&)> work, std::function<void(T)> done) {
    work_.post([this, work = std::move(work), done = std::move(done)] {
      try {
        done(work(*store_));
      } catch (const std::exception& fault) {
        done(failed(fault.what()));
      }
    });
  }

  // An upload whose end, which removes what is not kept, waits for the disk on one of the threads too.
  [[nodiscard]] std::shared_ptr<FileUpload> shared(std::unique_ptr<FileUpload> upload) {
    const auto end = [this](FileUpload* ended) {
      work_.post([gone = std::shared_ptr<FileUpload>(ended)] {});
    };
    return {upload.release(), end};
  }

  [[nodiscard]] UploadsUnderWay& uploads() noexcept { return uploads_; }
  // Prometheus text format; "" without files.
  [[nodiscard]] std::string metrics_text() const;

 private:
  // So many uploads can write at once; others wait for their turn.
  static constexpr std::size_t kThreads = 4;

  [[nodiscard]] Error failed(const char* why);

  FileStore* const store_;
  UploadsUnderWay uploads_;
  std::atomic<std::uint64_t> faults_{0};
  FileWork work_;
};

}  // namespace shunt::api

#include "shunt/generation/noted_stores.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::generation {
namespace {

constexpr std::string_view kFiles = "file_store";
constexpr std::string_view kArtifacts = "artifact_store";

// What is gone, or more than a caller may keep, is nobody's fault.
bool is_fault(const Error& error) {
  return error.code == error_code::kFileStoreFailed || error.code == error_code::kStorageFull ||
         error.code == error_code::kArtifactStoreFailed;
}

template <typename T>
T noted(T result, FaultLog& faults, std::string_view where) {
  if (!result && is_fault(result.error()))
    faults.note(FaultLog::Source::kPlace, where, FaultLog::Kind::kFault, log_text(result.error()));
  return result;
}

class NotedUpload final : public FileUpload {
 public:
  NotedUpload(std::unique_ptr<FileUpload> upload, FaultLog& faults)
      : upload_(std::move(upload)), faults_(faults) {}

  Result<void> append(std::string_view bytes) override {
    return noted(upload_->append(bytes), faults_, kFiles);
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept override { return upload_->bytes(); }
  [[nodiscard]] FileUpload& given() noexcept { return *upload_; }

 private:
  const std::unique_ptr<FileUpload> upload_;
  FaultLog& faults_;
};

class NotedFileStore final : public FileStore {
 public:
  NotedFileStore(std::unique_ptr<FileStore> store, FaultLog& faults)
      : store_(std::move(store)), faults_(faults) {}

  Result<std::string> read(const std::string& sha256, std::uint64_t bytes, std::uint64_t offset,
                           std::size_t length) override {
    return noted(store_->read(sha256, bytes, offset, length), faults_, kFiles);
  }
  Result<void> read_all(const FileReference& file,
                        const std::function<Result<void>(std::string_view)>& take) override {
    bool ended_by_taker = false;
    auto read = store_->read_all(file, [&](std::string_view piece) {
      auto taken = take(piece);
      ended_by_taker = !taken;
      return taken;
    });
    return ended_by_taker ? std::move(read) : noted(std::move(read), faults_, kFiles);
  }
  Result<std::unique_ptr<FileUpload>> begin_upload() override {
    auto upload = noted(store_->begin_upload(), faults_, kFiles);
    if (!upload) return upload;
    return std::unique_ptr<FileUpload>(std::make_unique<NotedUpload>(std::move(*upload), faults_));
  }
  Result<FileRecord> keep(FileUpload& upload, FileRecord record, const FileQuota& quota) override {
    return noted(store_->keep(given(upload), std::move(record), quota), faults_, kFiles);
  }
  Result<FileReference> hold(FileUpload& upload, FileReference file, const FileUse& use) override {
    return noted(store_->hold(given(upload), std::move(file), use), faults_, kFiles);
  }
  Result<void> hold(const FileReference& file, const FileUse& use) override {
    return noted(store_->hold(file, use), faults_, kFiles);
  }
  Result<std::optional<FileRecord>> find(std::string_view caller, std::string_view id,
                                         WallTime now) override {
    return noted(store_->find(caller, id, now), faults_, kFiles);
  }
  Result<std::vector<FileRecord>> list(std::string_view caller, WallTime now) override {
    return noted(store_->list(caller, now), faults_, kFiles);
  }
  Result<bool> remove(std::string_view caller, std::string_view id) override {
    return noted(store_->remove(caller, id), faults_, kFiles);
  }
  Result<std::size_t> expire(WallTime now) override { return store_->expire(now); }

 private:
  // An upload of this store.
  static FileUpload& given(FileUpload& upload) { return dynamic_cast<NotedUpload&>(upload).given(); }

  const std::unique_ptr<FileStore> store_;
  FaultLog& faults_;
};

class NotedArtifactStore final : public ArtifactStore {
 public:
  NotedArtifactStore(std::unique_ptr<ArtifactStore> store, FaultLog& faults)
      : store_(std::move(store)), faults_(faults) {}

  Result<std::string> put(std::string_view bytes) override {
    return noted(store_->put(bytes), faults_, kArtifacts);
  }
  Result<std::shared_ptr<const std::string>> get(const std::string& sha256, std::size_t size) override {
    return noted(store_->get(sha256, size), faults_, kArtifacts);
  }
  Result<std::shared_ptr<const std::string>> read(const std::string& sha256, std::size_t size,
                                                  std::size_t offset, std::size_t length) override {
    return noted(store_->read(sha256, size, offset, length), faults_, kArtifacts);
  }
  Result<void> remove(const std::string& sha256) override {
    return noted(store_->remove(sha256), faults_, kArtifacts);
  }
  Result<std::size_t> expire(std::chrono::milliseconds age) override { return store_->expire(age); }

 private:
  const std::unique_ptr<ArtifactStore> store_;
  FaultLog& faults_;
};

}  // namespace

std::unique_ptr<FileStore> note_faults(std::unique_ptr<FileStore> store, FaultLog& faults) {
  return std::make_unique<NotedFileStore>(std::move(store), faults);
}

std::unique_ptr<ArtifactStore> note_faults(std::unique_ptr<ArtifactStore> store, FaultLog& faults) {
  return std::make_unique<NotedArtifactStore>(std::move(store), faults);
}

}  // namespace shunt::generation

#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "directory_upload.hpp"
#include "file_use.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// docs/decisions/0024 has the layout:
//   objects/ab/SHA256/data         the bytes
//   objects/ab/SHA256/held-HOLDER  empty; its time of modification says until when they are held
//   callers/ab/DIGEST/ID.json      a record; likewise
//   callers/ab/DIGEST/use-...      empty, that the caller's generations need bytes (file_use.hpp); likewise
//   new/                           uploads under way, and what is being removed
class DirectoryFileStore final : public FileStore {
 public:
  DirectoryFileStore(std::filesystem::path folder, std::uint64_t min_free_bytes);

  Result<std::unique_ptr<FileUpload>> begin_upload() override;
  Result<FileRecord> keep(FileUpload& upload, FileRecord record, const FileQuota& quota) override;
  Result<FileReference> hold(FileUpload& upload, FileReference file, const FileUse& use) override;
  Result<void> hold(const FileReference& file, const FileUse& use) override;
  Result<std::optional<FileRecord>> find(std::string_view caller, std::string_view id, WallTime now) override;
  Result<std::vector<FileRecord>> list(std::string_view caller, WallTime now) override;
  Result<bool> remove(std::string_view caller, std::string_view id) override;
  Result<std::size_t> expire(WallTime now) override;
  Result<std::string> read(const std::string& sha256, std::uint64_t bytes, std::uint64_t offset,
                           std::size_t length) override;

 private:
  class CallerLock;
  [[nodiscard]] std::filesystem::path object_of(const std::string& sha256) const;
  [[nodiscard]] std::filesystem::path caller_of(std::string_view caller) const;
  Result<void> place(const DirectoryUpload& upload, const std::string& sha256, const std::string& holder,
                     WallTime until);
  [[nodiscard]] int put_data(const DirectoryUpload& upload, const std::filesystem::path& data) const;
  [[nodiscard]] Result<std::vector<StoredUse>> uses_of(std::string_view caller) const;
  Result<void> hold_for(const DirectoryUpload* upload, const FileReference& file, const FileUse& use);
  static Result<void> mark_held(const std::filesystem::path& object, const std::string& holder,
                                WallTime until);
  Result<void> check_quota(const FileRecord& fresh, const FileQuota& quota);
  static Result<std::optional<FileRecord>> read_record(const std::filesystem::path& path);
  void release(const std::string& sha256, const std::string& holder, WallTime now);
  bool remove_unheld(const std::filesystem::path& object, WallTime now);

  const std::filesystem::path folder_;
  const std::uint64_t min_free_bytes_;
  std::atomic<unsigned> next_part_{0};
};

}  // namespace shunt::generation

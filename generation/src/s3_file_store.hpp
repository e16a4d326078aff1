#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "caller_locks.hpp"
#include "s3_file_bucket.hpp"
#include "s3_file_bytes.hpp"
#include "s3_file_expiry.hpp"
#include "s3_file_names.hpp"
#include "s3_file_records.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

struct S3FileStoreOptions {
  std::filesystem::path spool;  // uploads lie here until they are sent on
  std::uint64_t min_free_bytes = 0;
  const Clock* clock = &system_clock();
  s3::RemovalTimes removal{};
};

// docs/decisions/0024 has the layout and why it may be used by any number of processes at once.
class S3FileStore final : public FileStore {
 public:
  // Options that s3::checked() has returned.
  S3FileStore(S3Options options, S3FileStoreOptions own);

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
  [[nodiscard]] Result<void> admit(std::string_view caller, const s3::CallerEntry& fresh,
                                   const FileQuota& quota, WallTime now);
  [[nodiscard]] Result<void> keep_claimed(const DirectoryUpload& upload, const FileRecord& record,
                                          const s3::CallerEntry& claim);
  [[nodiscard]] Result<void> hold_for(const DirectoryUpload* upload, const FileReference& file,
                                      const FileUse& use);
  void take_away(const std::string& name);

  const S3FileStoreOptions own_;
  s3::FileBucket bucket_;
  s3::FileRecords records_;
  s3::FileBytes bytes_;
  s3::FileExpiry expiry_;
  CallerLocks counting_;
};

}  // namespace shunt::generation

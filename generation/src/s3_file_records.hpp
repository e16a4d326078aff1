#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "s3_file_bucket.hpp"
#include "s3_file_names.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::s3 {

// What a bucket has of callers: the names of their entries, which say what a quota asks, and the records of
// their files. Calls block. Any thread.
class FileRecords {
 public:
  explicit FileRecords(FileBucket& bucket) : bucket_(bucket) {}

  [[nodiscard]] Result<std::vector<CallerEntry>> entries_of(std::string_view caller);
  // nullopt: the caller has no such file.
  [[nodiscard]] Result<std::optional<CallerEntry>> entry_of(std::string_view caller, std::string_view id);
  // nullopt: it has been removed.
  [[nodiscard]] Result<std::optional<FileRecord>> read(std::string_view caller, const CallerEntry& entry);
  // Those that have not expired, newest first.
  [[nodiscard]] Result<std::vector<FileRecord>> list(std::string_view caller, WallTime now);

 private:
  using Read = Result<std::optional<FileRecord>>;
  [[nodiscard]] std::vector<Read> read_many(std::string_view caller, const std::vector<CallerEntry>& entries);

  FileBucket& bucket_;
};

}  // namespace shunt::generation::s3

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/file_reference.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// Where the bytes of files are read, by a generator or by whoever hands them out. Calls block: make them on a
// thread of your own. Any thread.
class FileSource {
 public:
  virtual ~FileSource() = default;

  // Exactly `length` of the bytes from `offset` on. `bytes` is what all of them are said to be. Fails with
  // `file_gone` when they have expired or never were, with `file_store_failed` when they cannot be read or
  // have another size.
  [[nodiscard]] virtual Result<std::string> read(const std::string& sha256, std::uint64_t bytes,
                                                 std::uint64_t offset, std::size_t length) = 0;

  // All bytes in pieces of at most 256 KiB, each handed to `take`, whose error ends it. Fails as read() does,
  // and with `file_store_failed` after the last piece where the bytes do not have that digest.
  [[nodiscard]] virtual Result<void> read_all(const FileReference& file,
                                              const std::function<Result<void>(std::string_view)>& take);
};

// A file that a caller has uploaded, without its bytes.
struct FileRecord {
  std::string id{};      // "file-" and 32 hex digits
  std::string caller{};  // whose it is; "" = anonymous
  std::string filename{};
  std::string purpose{};
  std::string media_type{};
  std::string sha256{};
  std::uint64_t bytes = 0;
  WallTime created_at{};
  WallTime expires_at{};
  std::string metadata{};  // a JSON object of the caller's own, as text; "": none
};

// The JSON text that lies beside the bytes, and what it says. Decoding is strict, since a folder may be
// anybody's: it fails with `file_store_failed`.
[[nodiscard]] std::string encode_file_record(const FileRecord& record);
[[nodiscard]] Result<FileRecord> decode_file_record(std::string_view text);

// Bytes on their way into a store. They are in no file's place until the store takes them, and gone with this
// object otherwise. Calls block. Not thread-safe.
class FileUpload {
 public:
  virtual ~FileUpload() = default;
  // Fails with `storage_full` where the disk has no more room, else with `file_store_failed`.
  [[nodiscard]] virtual Result<void> append(std::string_view bytes) = 0;
  [[nodiscard]] virtual std::uint64_t bytes() const noexcept = 0;
};

// What a caller may keep. 0: no limit.
struct FileQuota {
  std::uint64_t max_bytes = 0;
  std::size_t max_files = 0;
};

// What a generation holds bytes for.
struct FileUse {
  std::string caller{};  // "" = anonymous
  WallTime now{};
  WallTime until{};  // at least: it may be some minutes more
  FileQuota quota{};
};

// Files that callers give to generations: bytes by their SHA-256, so that storing twice is storing once, and
// beside them a record for each uploaded file. Bytes stay for as long as somebody holds them: a record until
// it expires or is removed, a generation until its retention is over. Calls block. Any thread, and any number
// of processes that share the place.
class FileStore : public FileSource {
 public:
  [[nodiscard]] virtual Result<std::unique_ptr<FileUpload>> begin_upload() = 0;

  // Keeps the upload as a file of record.caller; id, sha256 and bytes are filled in. The upload is used up.
  // Fails with `file_quota_exceeded`, and as append() does.
  [[nodiscard]] virtual Result<FileRecord> keep(FileUpload& upload, FileRecord record,
                                                const FileQuota& quota) = 0;

  // Holds an upload's bytes for a generation, and fills in sha256 and bytes. They count for the caller's
  // quota. Fails with `file_quota_exceeded`.
  [[nodiscard]] virtual Result<FileReference> hold(FileUpload& upload, FileReference file,
                                                   const FileUse& use) = 0;
  // The same of bytes that are there; those that the caller keeps as a file count once, and go on to count
  // when that is removed. Fails with `file_gone` where they are not. Whether they are the caller's to use is
  // for whoever asks to know.
  [[nodiscard]] virtual Result<void> hold(const FileReference& file, const FileUse& use) = 0;

  // nullopt: the caller has no such file, or it has expired by `now`.
  [[nodiscard]] virtual Result<std::optional<FileRecord>> find(std::string_view caller, std::string_view id,
                                                               WallTime now) = 0;
  // The caller's files that have not expired, newest first.
  [[nodiscard]] virtual Result<std::vector<FileRecord>> list(std::string_view caller, WallTime now) = 0;
  // Removes the caller's file, and its bytes unless somebody else holds them. False: there is none.
  [[nodiscard]] virtual Result<bool> remove(std::string_view caller, std::string_view id) = 0;

  // Removes what has expired by `now` in a part of the store, and returns how many files' records and bytes
  // that were; 256 calls look at all of it.
  [[nodiscard]] virtual Result<std::size_t> expire(WallTime now) = 0;
};

// Files in a folder that all processes share (a local disk, or a network file system between machines), which
// is made with the first upload. `min_free_bytes`: an upload fails with `storage_full` rather than leave less
// room on the disk.
[[nodiscard]] std::unique_ptr<FileStore> make_directory_file_store(std::filesystem::path folder,
                                                                   std::uint64_t min_free_bytes = 0);

}  // namespace shunt::generation

#include "directory_file_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "file_failures.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/base/hex.hpp"
#include "shunt/base/random.hpp"
#include "shunt/generation/artifact_rules.hpp"

namespace shunt::generation {
namespace {

namespace fs = std::filesystem;

// How often bytes are put in place that are being removed at the same moment.
constexpr int kTries = 8;
constexpr unsigned kParts = 256;

// Files in use are told by their time of modification, which says until when.
int set_until(const fs::path& path, WallTime until) {
  const auto ms = until.time_since_epoch().count();
  const timespec when{.tv_sec = static_cast<time_t>(ms / 1000), .tv_nsec = (ms % 1000) * 1'000'000};
  const timespec both[] = {when, when};
  return ::utimensat(AT_FDCWD, path.c_str(), both, 0) == 0 ? 0 : errno;
}

std::optional<WallTime> until_of(const fs::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return WallTime(
      std::chrono::milliseconds(status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1'000'000));
}

int create(const fs::path& path, WallTime until, std::string_view text = {}) {
  StoredFile file(path, O_WRONLY | O_CREAT | O_EXCL, kOwnerOnly);
  if (!file.is_open()) return errno;
  if (const int number = write_all(file.get(), text); number != 0) return number;
  if (!text.empty() && ::fsync(file.get()) != 0) return errno;
  if (file.close() != 0) return errno;
  return set_until(path, until);
}

std::string file_name(const fs::path& path) {
  return path.filename().string();
}

// A folder's entries; none where it is not there. `number` is 0, or errno where not all of them could be
// read.
std::vector<fs::path> entries_of(const fs::path& folder, int& number, std::size_t most = kMaxCallerEntries) {
  std::vector<fs::path> entries;
  std::error_code failure;
  for (auto entry = fs::directory_iterator(folder, failure); !failure && entry != fs::directory_iterator();
       entry.increment(failure)) {
    if (entries.size() == most) {
      number = E2BIG;
      return entries;
    }
    entries.push_back(entry->path());
  }
  number = failure == std::errc::no_such_file_or_directory ? 0 : failure.value();
  return entries;
}

// What is removed little by little, a part of it at a time.
std::vector<fs::path> entries_of(const fs::path& folder) {
  int ignored = 0;  // what cannot be read now is looked at again
  return entries_of(folder, ignored);
}

}  // namespace

// A caller's records are counted and added to by one process at a time.
class DirectoryFileStore::CallerLock {
 public:
  explicit CallerLock(const fs::path& folder)
      : file_(folder / "lock", O_RDWR | O_CREAT | O_NOFOLLOW, kOwnerOnly) {
    if (!file_.is_open()) {
      number_ = errno;
      return;
    }
    while (::flock(file_.get(), LOCK_EX) != 0) {
      if (errno == EINTR) continue;
      number_ = errno;
      return;
    }
  }
  // 0: it is held.
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  StoredFile file_;
  int number_ = 0;
};

DirectoryFileStore::DirectoryFileStore(fs::path folder, std::uint64_t min_free_bytes)
    : folder_(std::move(folder)), min_free_bytes_(min_free_bytes) {}

// Two levels, so that no folder has too many entries.
fs::path DirectoryFileStore::object_of(const std::string& sha256) const {
  return folder_ / "objects" / sha256.substr(0, 2) / sha256;
}

// A caller's name may be anything; its digest is a name of a folder.
fs::path DirectoryFileStore::caller_of(std::string_view caller) const {
  const std::string digest = sha256_hex(caller);
  return folder_ / "callers" / digest.substr(0, 2) / digest;
}

Result<std::unique_ptr<FileUpload>> DirectoryFileStore::begin_upload() {
  auto upload = begin_directory_upload(folder_ / "new", min_free_bytes_);
  if (!upload) return std::move(upload).error();
  return std::unique_ptr<FileUpload>(std::move(*upload));
}

// What is there already stays, unless it is not even as long as it should be. 0, or errno.
int DirectoryFileStore::put_data(const DirectoryUpload& upload, const fs::path& data) const {
  if (::link(upload.path().c_str(), data.c_str()) == 0) return 0;
  if (errno != EEXIST) return errno;
  struct stat status{};
  if (::lstat(data.c_str(), &status) != 0) return errno;
  if (S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) == upload.bytes()) return 0;
  const fs::path fresh = folder_ / "new" / random_name();
  if (::link(upload.path().c_str(), fresh.c_str()) != 0) return errno;
  if (::rename(fresh.c_str(), data.c_str()) == 0) return 0;
  const int number = errno;
  ::unlink(fresh.c_str());
  return number;
}

// The holder comes before the bytes, so that whoever removes what nobody holds sees it; where the whole
// folder has been removed in between, both are put there again.
Result<void> DirectoryFileStore::place(const DirectoryUpload& upload, const std::string& sha256,
                                       const std::string& holder, WallTime until) {
  const fs::path object = object_of(sha256);
  const fs::path mark = object / ("held-" + holder);
  int number = 0;
  for (int tries = 0; tries < kTries; ++tries) {
    if (number = make_private_folder(object); number != 0)
      return file_not_stored("storing a file", object, number);
    number = create(mark, until);
    if (number == ENOENT || number == EEXIST) continue;
    if (number != 0) return file_not_stored("storing a file", object, number);
    if (number = put_data(upload, object / "data"); number != 0) {
      if (number == ENOENT) continue;
      ::unlink(mark.c_str());
      return file_not_stored("storing a file", object, number);
    }
    if (!until_of(mark)) continue;
    if (number = sync_folder(object); number != 0) return file_not_stored("storing a file", object, number);
    return {};
  }
  return file_not_stored("storing a file", object, number == 0 ? EBUSY : number);
}

Result<FileRecord> DirectoryFileStore::keep(FileUpload& upload, FileRecord record, const FileQuota& quota) {
  auto& begun = dynamic_cast<DirectoryUpload&>(upload);
  auto sha256 = begun.finish();
  if (!sha256) return std::move(sha256).error();
  record.id = "file-" + random_name();
  record.sha256 = std::move(*sha256);
  record.bytes = begun.bytes();
  const fs::path folder = caller_of(record.caller);
  if (const int number = make_private_folder(folder); number != 0) {
    return file_not_stored("keeping a file", folder, number);
  }
  const CallerLock lock(folder);
  if (lock.number() != 0) return file_not_stored("keeping a file", folder, lock.number());
  if (auto room = check_quota(record, quota); !room) return std::move(room).error();
  if (auto placed = place(begun, record.sha256, record.id, record.expires_at); !placed) {
    return std::move(placed).error();
  }
  // Under another name until it is whole.
  const fs::path path = folder / (record.id + ".json");
  const fs::path fresh = folder / (record.id + ".new");
  int number = create(fresh, record.expires_at, encode_file_record(record));
  if (number == 0 && ::rename(fresh.c_str(), path.c_str()) != 0) number = errno;
  if (number == 0) number = sync_folder(folder);
  if (number == 0) return record;
  ::unlink(fresh.c_str());
  ::unlink(path.c_str());
  release(record.sha256, record.id, record.created_at);
  return file_not_stored("keeping a file", path, number);
}

Result<std::vector<StoredUse>> DirectoryFileStore::uses_of(std::string_view caller) const {
  const fs::path folder = caller_of(caller);
  int number = 0;
  const auto entries = entries_of(folder, number);
  if (number != 0) return file_not_stored("counting files", folder, number);
  std::vector<StoredUse> uses;
  for (const fs::path& entry : entries) {
    const std::string name = file_name(entry);
    if (!name.starts_with("use-")) continue;
    const auto until = until_of(entry);
    if (!until) continue;
    if (auto use = decode_use_name(name, *until)) uses.push_back(std::move(*use));
  }
  return uses;
}

Result<void> DirectoryFileStore::check_quota(const FileRecord& fresh, const FileQuota& quota) {
  if (quota.max_bytes == 0 && quota.max_files == 0) return {};
  const auto kept = list(fresh.caller, fresh.created_at);
  if (!kept) return kept.error();
  const auto uses = uses_of(fresh.caller);
  if (!uses) return uses.error();
  return check_file_quota(*kept, *uses, fresh.sha256, fresh.bytes, FileEntry::kRecord, quota,
                          fresh.created_at);
}

Result<FileReference> DirectoryFileStore::hold(FileUpload& upload, FileReference file, const FileUse& use) {
  auto& begun = dynamic_cast<DirectoryUpload&>(upload);
  auto brought = finished(begun, std::move(file));
  if (!brought) return brought;
  if (auto held = hold_for(&begun, *brought, use); !held) return std::move(held).error();
  return brought;
}

Result<void> DirectoryFileStore::hold(const FileReference& file, const FileUse& use) {
  if (!is_sha256_hex(file.sha256)) return file_gone();
  return hold_for(nullptr, file, use);
}

// The entry in the caller's folder comes first, so that no bytes are held that nobody counts.
Result<void> DirectoryFileStore::hold_for(const DirectoryUpload* upload, const FileReference& file,
                                          const FileUse& use) {
  const fs::path folder = caller_of(use.caller);
  if (const int number = make_private_folder(folder); number != 0) {
    return file_not_stored("holding a file", folder, number);
  }
  const CallerLock lock(folder);
  if (lock.number() != 0) return file_not_stored("holding a file", folder, lock.number());
  const auto uses = uses_of(use.caller);
  if (!uses) return uses.error();
  const fs::path object = object_of(file.sha256);
  for (const StoredUse& each : *uses) {
    if (each.sha256 == file.sha256 && each.until >= use.until && until_of(object / ("held-" + each.holder)) &&
        until_of(object / "data")) {
      return {};
    }
  }
  if (uses->size() >= kMaxUses) return too_many_file_uses();
  const auto kept = list(use.caller, use.now);
  if (!kept) return kept.error();
  if (auto room =
          check_file_quota(*kept, *uses, file.sha256, file.bytes, FileEntry::kUse, use.quota, use.now);
      !room) {
    return room;
  }
  const StoredUse fresh{.sha256 = file.sha256,
                        .bytes = file.bytes,
                        .holder = "use-" + random_name(),
                        .until = use.until + kUseSlack};
  const fs::path entry = folder / encode_use_name(fresh);
  if (const int number = create(entry, fresh.until); number != 0) {
    return file_not_stored("holding a file", folder, number);
  }
  Result<void> held = upload != nullptr ? place(*upload, file.sha256, fresh.holder, fresh.until)
                                        : mark_held(object, fresh.holder, fresh.until);
  if (!held) ::unlink(entry.c_str());
  return held;
}

// Of bytes that are there.
Result<void> DirectoryFileStore::mark_held(const fs::path& object, const std::string& holder,
                                           WallTime until) {
  const fs::path mark = object / ("held-" + holder);
  const int number = create(mark, until);
  if (number == ENOENT) return file_gone();
  if (number != 0) return file_not_stored("holding a file", object, number);
  if (until_of(object / "data") && until_of(mark)) return {};
  // They have been removed at this moment.
  ::unlink(mark.c_str());
  return file_gone();
}

Result<std::optional<FileRecord>> DirectoryFileStore::find(std::string_view caller, std::string_view id,
                                                           WallTime now) {
  if (!is_file_id(id)) return std::optional<FileRecord>();
  auto record = read_record(caller_of(caller) / (std::string(id) + ".json"));
  if (!record) return record;
  const bool there = *record && (*record)->caller == caller && (*record)->expires_at > now;
  if (!there) record->reset();
  return record;
}

Result<std::optional<FileRecord>> DirectoryFileStore::read_record(const fs::path& path) {
  std::error_code failure;
  const std::uint64_t size = fs::file_size(path, failure);
  if (failure == std::errc::no_such_file_or_directory) return std::optional<FileRecord>();
  if (failure) return file_not_stored("reading the record of a file", path, failure.value());
  if (size > kMaxFileRecordBytes) return file_not_stored("reading the record of a file", path, EFBIG);
  auto text = read_part(path, size, 0, static_cast<std::size_t>(size));
  if (const auto* const not_read = std::get_if<PartNotRead>(&text)) {
    if (not_read->number == ENOENT) return std::optional<FileRecord>();
    return file_not_stored("reading the record of a file", path, not_read->number);
  }
  auto record = decode_file_record(std::get<std::string>(text));
  if (!record) return std::move(record).error();
  if (file_name(path) != record->id + ".json")
    return file_not_stored("reading the record of a file", path, EIO);
  return std::optional<FileRecord>(std::move(*record));
}

Result<std::vector<FileRecord>> DirectoryFileStore::list(std::string_view caller, WallTime now) {
  std::vector<FileRecord> records;
  const fs::path folder = caller_of(caller);
  int number = 0;
  const auto entries = entries_of(folder, number);
  // Otherwise a quota would count less than there is.
  if (number != 0) return file_not_stored("listing files", folder, number);
  for (const fs::path& path : entries) {
    if (path.extension() != ".json") continue;
    auto record = read_record(path);
    // One that cannot be read hides none of the others.
    if (!record || !*record || (*record)->caller != caller || (*record)->expires_at <= now) continue;
    records.push_back(std::move(**record));
  }
  std::ranges::sort(records, [](const FileRecord& a, const FileRecord& b) {
    return std::pair(a.created_at, std::string_view(a.id)) > std::pair(b.created_at, std::string_view(b.id));
  });
  return records;
}

Result<bool> DirectoryFileStore::remove(std::string_view caller, std::string_view id) {
  // Also one that has expired and was not swept yet.
  const auto record = find(caller, id, WallTime::min());
  if (!record) return record.error();
  if (!*record) return false;
  const fs::path path = caller_of(caller) / (std::string(id) + ".json");
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return false;
    return file_not_stored("removing a file", path, errno);
  }
  release((*record)->sha256, (*record)->id, WallTime::min());
  return true;
}

void DirectoryFileStore::release(const std::string& sha256, const std::string& holder, WallTime now) {
  const fs::path object = object_of(sha256);
  ::unlink((object / ("held-" + holder)).c_str());
  remove_unheld(object, now);
}

// True: the bytes have gone. Moved away first, so that nobody finds a half of it.
bool DirectoryFileStore::remove_unheld(const fs::path& object, WallTime now) {
  bool held = false;
  for (const fs::path& entry : entries_of(object)) {
    if (!file_name(entry).starts_with("held-")) continue;
    const auto until = until_of(entry);
    if (!until) continue;
    if (*until > now) {
      held = true;
    } else {
      ::unlink(entry.c_str());
    }
  }
  if (held) return false;
  const fs::path away = folder_ / "new" / ("gone-" + random_name());
  if (make_private_folder(folder_ / "new") != 0) return false;
  if (::rename(object.c_str(), away.c_str()) != 0) return false;
  std::error_code failure;
  fs::remove_all(away, failure);
  return true;
}

Result<std::size_t> DirectoryFileStore::expire(WallTime now) {
  const std::string part = hex_number(next_part_.fetch_add(1) % kParts, 2);
  std::size_t removed = 0;
  for (const fs::path& caller : entries_of(folder_ / "callers" / part)) {
    for (const fs::path& entry : entries_of(caller)) {
      const auto until = until_of(entry);
      if (file_name(entry) == "lock" || !until || *until > now) continue;
      if (::unlink(entry.c_str()) == 0) ++removed;
    }
  }
  for (const fs::path& object : entries_of(folder_ / "objects" / part)) {
    if (remove_unheld(object, now)) ++removed;
  }
  removed += remove_abandoned(folder_ / "new", now);
  return removed;
}

Result<std::string> DirectoryFileStore::read(const std::string& sha256, std::uint64_t bytes,
                                             std::uint64_t offset, std::size_t length) {
  if (!is_sha256_hex(sha256)) return file_gone();
  const fs::path path = object_of(sha256) / "data";
  auto part = read_part(path, bytes, offset, length);
  if (const auto* const not_read = std::get_if<PartNotRead>(&part)) {
    if (not_read->number == ENOENT) return file_gone();
    return file_not_stored(std::string(not_read->what) + " a file", path, not_read->number);
  }
  return std::get<std::string>(std::move(part));
}

std::unique_ptr<FileStore> make_directory_file_store(fs::path folder, std::uint64_t min_free_bytes) {
  return std::make_unique<DirectoryFileStore>(std::move(folder), min_free_bytes);
}

}  // namespace shunt::generation

#include "s3_file_store.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "directory_upload.hpp"
#include "file_failures.hpp"
#include "file_use.hpp"
#include "shunt/base/log.hpp"
#include "shunt/base/random.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/bucket_file_store.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::generation {
namespace {

using s3::CallerEntry;
using s3::Mark;

// A process that is keeping a file for longer has died.
constexpr std::chrono::hours kClaimLife{1};
constexpr std::string_view kFilePrefix = "file-";
constexpr std::string_view kUsePrefix = "use-";

Mark holder_of(const CallerEntry& entry) {
  const std::string_view prefix = entry.kind == CallerEntry::Kind::kUse ? kUsePrefix : kFilePrefix;
  return {.sha256 = entry.sha256, .until = entry.until, .holder = std::string(prefix) + entry.id};
}

// What a quota looks at of files and uses is in the names of the caller's entries.
Result<void> check_entries(const std::vector<CallerEntry>& entries, const CallerEntry& fresh,
                           const FileQuota& quota, WallTime now) {
  std::vector<FileRecord> records;
  std::vector<StoredUse> uses;
  std::set<std::string_view> kept;
  for (const CallerEntry& each : entries) {
    if (each.kind == CallerEntry::Kind::kFile) kept.insert(each.id);
  }
  for (const CallerEntry& each : entries) {
    if (each.until <= now || each == fresh) continue;
    // A file whose claim has not gone yet.
    if (each.kind == CallerEntry::Kind::kClaim && kept.contains(each.id)) continue;
    if (each.kind == CallerEntry::Kind::kUse) {
      uses.push_back({.sha256 = each.sha256, .bytes = each.bytes, .until = each.until});
    } else {
      records.push_back({.sha256 = each.sha256, .bytes = each.bytes});
    }
  }
  const auto kind = fresh.kind == CallerEntry::Kind::kUse ? FileEntry::kUse : FileEntry::kRecord;
  return check_file_quota(records, uses, fresh.sha256, fresh.bytes, kind, quota, now);
}

}  // namespace

S3FileStore::S3FileStore(S3Options options, S3FileStoreOptions own)
    : own_(std::move(own)),
      bucket_(std::move(options)),
      records_(bucket_),
      bytes_(bucket_, *own_.clock, own_.removal),
      expiry_(bucket_, bytes_) {}

Result<std::unique_ptr<FileUpload>> S3FileStore::begin_upload() {
  auto upload = begin_directory_upload(own_.spool, own_.min_free_bytes);
  if (!upload) return std::move(upload).error();
  return std::unique_ptr<FileUpload>(std::move(*upload));
}

// The entry comes first, then the count: of several processes the last one to count has counted all.
Result<void> S3FileStore::admit(std::string_view caller, const CallerEntry& fresh, const FileQuota& quota,
                                WallTime now) {
  const std::string name = s3::entries_of_caller(caller) + s3::encode_entry(fresh);
  const auto one_by_one = counting_.hold(caller);
  if (auto put = bucket_.put(name); !put) {
    take_away(name);
    return put;
  }
  if (quota.max_bytes == 0 && quota.max_files == 0) return {};
  const auto entries = records_.entries_of(caller);
  Result<void> room = entries ? check_entries(*entries, fresh, quota, now) : Result<void>(entries.error());
  if (!room) take_away(name);
  return room;
}

Result<FileRecord> S3FileStore::keep(FileUpload& upload, FileRecord record, const FileQuota& quota) {
  auto& begun = dynamic_cast<DirectoryUpload&>(upload);
  auto sha256 = begun.finish();
  if (!sha256) return std::move(sha256).error();
  const std::string id = random_name();
  record.id = std::string(kFilePrefix) + id;
  record.sha256 = std::move(*sha256);
  record.bytes = begun.bytes();
  const CallerEntry claim{.kind = CallerEntry::Kind::kClaim,
                          .id = id,
                          .sha256 = record.sha256,
                          .bytes = record.bytes,
                          .until = record.created_at + kClaimLife};
  if (auto room = admit(record.caller, claim, quota, record.created_at); !room)
    return std::move(room).error();
  auto kept = keep_claimed(begun, record, claim);
  take_away(s3::entries_of_caller(record.caller) + s3::encode_entry(claim));
  if (!kept) return std::move(kept).error();
  return record;
}

Result<void> S3FileStore::keep_claimed(const DirectoryUpload& upload, const FileRecord& record,
                                       const CallerEntry& claim) {
  CallerEntry file = claim;
  file.kind = CallerEntry::Kind::kFile;
  file.until = record.expires_at;
  const Mark holder = holder_of(file);
  if (auto placed = bytes_.place(upload, holder); !placed) return placed;
  const std::string name = s3::entries_of_caller(record.caller) + s3::encode_entry(file);
  auto put = bucket_.put(name, encode_file_record(record));
  if (put) return put;
  // It may be there nevertheless.
  take_away(name);
  bytes_.release(holder, record.created_at);
  return put;
}

Result<FileReference> S3FileStore::hold(FileUpload& upload, FileReference file, const FileUse& use) {
  auto& begun = dynamic_cast<DirectoryUpload&>(upload);
  auto brought = finished(begun, std::move(file));
  if (!brought) return brought;
  if (auto held = hold_for(&begun, *brought, use); !held) return std::move(held).error();
  return brought;
}

Result<void> S3FileStore::hold(const FileReference& file, const FileUse& use) {
  if (!is_sha256_hex(file.sha256)) return file_gone();
  return hold_for(nullptr, file, use);
}

Result<void> S3FileStore::hold_for(const DirectoryUpload* upload, const FileReference& file,
                                   const FileUse& use) {
  const auto entries = records_.entries_of(use.caller);
  if (!entries) return entries.error();
  std::size_t uses = 0;
  for (const CallerEntry& each : *entries) {
    if (each.kind != CallerEntry::Kind::kUse) continue;
    ++uses;
    if (each.sha256 != file.sha256 || each.until < use.until) continue;
    const auto held = bytes_.is_held(holder_of(each), file.bytes);
    if (!held) return held.error();
    if (*held) return {};
  }
  if (uses >= kMaxUses) return too_many_file_uses();
  const CallerEntry fresh{.kind = CallerEntry::Kind::kUse,
                          .id = random_name(),
                          .sha256 = file.sha256,
                          .bytes = file.bytes,
                          .until = use.until + kUseSlack};
  if (auto room = admit(use.caller, fresh, use.quota, use.now); !room) return room;
  const Mark holder = holder_of(fresh);
  auto held = upload != nullptr ? bytes_.place(*upload, holder) : bytes_.hold(holder, file.bytes);
  if (!held) take_away(s3::entries_of_caller(use.caller) + s3::encode_entry(fresh));
  return held;
}

Result<std::optional<FileRecord>> S3FileStore::find(std::string_view caller, std::string_view id,
                                                    WallTime now) {
  if (!is_file_id(id)) return std::optional<FileRecord>();
  const auto entry = records_.entry_of(caller, id);
  if (!entry) return entry.error();
  if (!*entry || (*entry)->until <= now) return std::optional<FileRecord>();
  return records_.read(caller, **entry);
}

Result<std::vector<FileRecord>> S3FileStore::list(std::string_view caller, WallTime now) {
  return records_.list(caller, now);
}

Result<bool> S3FileStore::remove(std::string_view caller, std::string_view id) {
  if (!is_file_id(id)) return false;
  // Also one that has expired and was not swept yet.
  const auto entry = records_.entry_of(caller, id);
  if (!entry) return entry.error();
  if (!*entry) return false;
  const std::string name = s3::entries_of_caller(caller) + s3::encode_entry(**entry);
  if (auto removed = bucket_.remove(name); !removed) return std::move(removed).error();
  bytes_.release(holder_of(**entry), WallTime::min());
  return true;
}

Result<std::size_t> S3FileStore::expire(WallTime now) {
  // Files of this machine have the times of its clock, whatever the caller calls now.
  const std::size_t abandoned = remove_abandoned(own_.spool, own_.clock->now());
  auto removed = expiry_.step(now);
  if (removed) *removed += abandoned;
  return removed;
}

Result<std::string> S3FileStore::read(const std::string& sha256, std::uint64_t bytes, std::uint64_t offset,
                                      std::size_t length) {
  // What is no digest never becomes part of a URL.
  if (!is_sha256_hex(sha256)) return file_gone();
  return bucket_.read(s3::object_name(sha256), {.size = bytes, .offset = offset, .length = length});
}

void S3FileStore::take_away(const std::string& name) {
  if (const auto removed = bucket_.remove(name); !removed)
    log::warn("files.not_removed", {{"reason", log_text(removed.error())}});
}

Result<std::unique_ptr<FileStore>> make_s3_file_store(S3Options options, std::filesystem::path spool,
                                                      std::uint64_t min_free_bytes) {
  auto usable = s3::checked(std::move(options));
  if (!usable) return std::move(usable).error();
  return std::unique_ptr<FileStore>(std::make_unique<S3FileStore>(
      std::move(*usable), S3FileStoreOptions{.spool = std::move(spool), .min_free_bytes = min_free_bytes}));
}

}  // namespace shunt::generation

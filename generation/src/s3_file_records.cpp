#include "s3_file_records.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <string>
#include <utility>

#include "file_use.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::generation::s3 {
namespace {

// Of one list; each is a connection.
constexpr std::size_t kReadersAtOnce = 8;

Error not_a_record(std::string_view why) {
  return {error_code::kFileStoreFailed, "the record of a file in the bucket " + std::string(why)};
}

}  // namespace

Result<std::vector<CallerEntry>> FileRecords::entries_of(std::string_view caller) {
  const std::string prefix = entries_of_caller(caller);
  const auto names = bucket_.names(prefix, kMaxCallerEntries);
  if (!names) return names.error();
  std::vector<CallerEntry> entries;
  for (const std::string& name : *names) {
    if (auto entry = decode_entry(std::string_view(name).substr(prefix.size())))
      entries.push_back(std::move(*entry));
  }
  return entries;
}

// The name of a file's entry has more than its id.
Result<std::optional<CallerEntry>> FileRecords::entry_of(std::string_view caller, std::string_view id) {
  constexpr std::size_t kEnough = 10;  // one, and what others may have left beside it
  const auto list = bucket_.page(entry_of_file(caller, id), "", kEnough);
  if (!list) return list.error();
  const std::size_t begin = entries_of_caller(caller).size();
  for (const std::string& name : list->names) {
    if (auto entry = decode_entry(std::string_view(name).substr(begin))) return entry;
  }
  return std::optional<CallerEntry>();
}

Result<std::optional<FileRecord>> FileRecords::read(std::string_view caller, const CallerEntry& entry) {
  const std::string name = entries_of_caller(caller) + encode_entry(entry);
  const auto text = bucket_.read_small(name, kMaxFileRecordBytes);
  if (!text) return text.error();
  if (!*text) return std::optional<FileRecord>();
  auto record = decode_file_record(**text);
  if (!record) return std::move(record).error();
  if (record->caller != caller) return not_a_record("is another caller's");
  if (record->id != "file-" + entry.id || record->sha256 != entry.sha256 || record->bytes != entry.bytes ||
      record->expires_at != entry.until) {
    return not_a_record("does not say what its name says");
  }
  return std::optional(std::move(*record));
}

// Each read waits for the server, so there are several at once. Once it has not answered one, no more are
// asked for: the list is none anyway, and each would wait as long.
std::vector<FileRecords::Read> FileRecords::read_many(std::string_view caller,
                                                      const std::vector<CallerEntry>& entries) {
  std::vector<Read> all(entries.size(), Read(std::optional<FileRecord>()));
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  const auto read_some = [&] {
    for (std::size_t i = next++; i < entries.size() && !failed; i = next++) {
      all[i] = read(caller, entries[i]);
      if (!all[i] && all[i].error().is_retryable()) failed = true;
    }
  };
  std::vector<std::future<void>> readers;
  for (std::size_t i = 1; i < std::min(kReadersAtOnce, entries.size()); ++i)
    readers.push_back(std::async(std::launch::async, read_some));
  read_some();
  for (std::future<void>& reader : readers) reader.get();
  return all;
}

Result<std::vector<FileRecord>> FileRecords::list(std::string_view caller, WallTime now) {
  auto entries = entries_of(caller);
  if (!entries) return std::move(entries).error();
  std::erase_if(*entries, [now](const CallerEntry& each) {
    return each.kind != CallerEntry::Kind::kFile || each.until <= now;
  });
  std::vector<FileRecord> records;
  for (Read& read : read_many(caller, *entries)) {
    // One that is none hides none of the others; a bucket that does not answer hides all.
    if (!read && read.error().is_retryable()) return std::move(read).error();
    if (read && *read) records.push_back(std::move(**read));
  }
  std::ranges::sort(records, [](const FileRecord& a, const FileRecord& b) {
    return std::pair(a.created_at, std::string_view(a.id)) > std::pair(b.created_at, std::string_view(b.id));
  });
  return records;
}

}  // namespace shunt::generation::s3

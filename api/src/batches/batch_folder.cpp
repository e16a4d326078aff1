#include "batches/batch_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "batches/batch_files.hpp"
#include "representation/problem.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/base/random.hpp"
#include "shunt/generation/artifact_rules.hpp"

namespace shunt::api::batches {
namespace {

namespace fs = std::filesystem;

// Of one caller; the oldest that have ended go first.
constexpr std::size_t kMostKept = 1000;
// What is looked at of one folder.
constexpr std::size_t kMostEntries = 20'000;
// An open mark without a record is one that is being made, or was not made to its end.
constexpr std::chrono::minutes kHalfMadeFor{5};
constexpr std::size_t kDigestDigits = 64;

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code failure;
  for (auto entry = fs::directory_iterator(folder, failure);
       !failure && entry != fs::directory_iterator() && entries.size() < kMostEntries;
       entry.increment(failure)) {
    entries.push_back(entry->path());
  }
  return entries;
}

std::string mark_name(std::string_view digest, std::string_view id) {
  return std::string(digest).append(".").append(id);
}

std::optional<OpenBatch> read_mark(const std::string& name) {
  if (name.size() <= kDigestDigits || name[kDigestDigits] != '.') return std::nullopt;
  OpenBatch batch{.caller_digest = name.substr(0, kDigestDigits), .id = name.substr(kDigestDigits + 1)};
  if (!is_sha256_hex(batch.caller_digest) || !is_batch_id(batch.id)) return std::nullopt;
  return batch;
}

bool is_missing(const Error& error) {
  const auto* const number = error.details.if_contains("number");
  return number != nullptr && number->is_int64() &&
         (number->get_int64() == ENOENT || number->get_int64() == ENOTDIR);
}

// Waits until it is held. 0, or errno.
int lock_exclusively(const StoredFile& file) {
  while (::flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

Error too_many_open(std::size_t limit) {
  return Error{problem_code::kTooManyConcurrent,
               "the caller has " + std::to_string(limit) +
                   " batches that have not ended, which is as many as it may (batches.max_open_per_key)",
               Retryable::kYes}
      .with("limit", static_cast<std::uint64_t>(limit));
}

}  // namespace

fs::path BatchFolder::folder_of(std::string_view caller) const {
  return folder_ / sha256_hex(caller);
}

Error BatchFolder::noted(Error fault) const {
  if (faults_ != nullptr)
    faults_->note(FaultLog::Source::kPlace, "batch_folder", FaultLog::Kind::kFault, log_text(fault));
  return fault;
}

Result<bool> BatchFolder::add(const Batch& batch, const BatchQuota& quota) {
  const std::string digest = sha256_hex(batch.caller);
  const fs::path caller = folder_ / digest;
  const fs::path marks = folder_ / "open";
  for (const fs::path& each : {caller, marks}) {
    if (const int number = make_private_folder(each); number != 0)
      return noted(batch_failed("making the folder of batches", each, number));
  }
  const StoredFile lock(caller / kLockFile, O_RDWR | O_CREAT | O_NOFOLLOW, kOwnerOnly);
  const int locked = lock.is_open() ? lock_exclusively(lock) : errno;
  if (locked != 0) return noted(batch_failed("keeping a batch", caller, locked));
  if (is_there(caller / batch.id / kRecordFile)) return false;
  const auto all = open();
  const auto mine =
      std::ranges::count_if(all, [&](const OpenBatch& each) { return each.caller_digest == digest; });
  if (static_cast<std::size_t>(mine) >= quota.max_open) return too_many_open(quota.max_open);
  remove_ended_in(caller, batch.created_at - quota.retention);
  const fs::path folder = caller / batch.id;
  const fs::path mark = marks / mark_name(digest, batch.id);
  // The mark comes first: a batch that nobody finds would wait for ever.
  int number = touch(mark);
  if (number == 0) number = sync_folder(marks);
  if (number == 0) number = make_private_folder(folder);
  if (number != 0) return noted(batch_failed("keeping a batch", folder, number));
  if (auto saved = save_batch(folder, batch); !saved) return noted(std::move(saved).error());
  number = sync_folder(caller);
  if (number != 0) return noted(batch_failed("keeping a batch", caller, number));
  return true;
}

Result<std::optional<ShownBatch>> BatchFolder::find(std::string_view caller, std::string_view id) const {
  if (!is_batch_id(id)) return std::optional<ShownBatch>();
  const fs::path folder = folder_of(caller) / id;
  auto batch = load_batch(folder);
  if (!batch) {
    if (is_missing(batch.error())) return std::optional<ShownBatch>();
    return noted(std::move(batch).error());
  }
  if (batch->caller != caller || batch->id != id) return std::optional<ShownBatch>();
  return std::optional(
      ShownBatch{.batch = std::move(*batch), .cancel_asked = is_there(folder / kCancelFile)});
}

void BatchFolder::visit(std::string_view caller, WallTime oldest_end,
                        const std::function<void(ShownBatch)>& take) const {
  for (const fs::path& entry : entries_of(folder_of(caller))) {
    auto found = find(caller, entry.filename().string());
    // One that cannot be read does not spoil the list.
    if (!found || !*found) continue;
    if ((*found)->batch.ended_at && *(*found)->batch.ended_at < oldest_end) continue;
    take(std::move(**found));
  }
}

std::vector<ShownBatch> BatchFolder::list(std::string_view caller, const BatchListQuery& query) const {
  NewestBatches newest(query.most);
  visit(caller, query.oldest_end, [&](ShownBatch each) {
    if (!query.after || rank_of(each.batch) < *query.after) newest.offer(std::move(each));
  });
  return newest.take();
}

Result<void> BatchFolder::ask_cancel(std::string_view caller, std::string_view id) {
  const fs::path path = folder_of(caller) / id / kCancelFile;
  if (const int number = touch(path); number != 0)
    return noted(batch_failed("cancelling a batch", path, number));
  return {};
}

std::vector<OpenBatch> BatchFolder::open() const {
  std::vector<OpenBatch> batches;
  for (const fs::path& entry : entries_of(folder_ / "open")) {
    if (auto batch = read_mark(entry.filename().string())) batches.push_back(std::move(*batch));
  }
  return batches;
}

Result<std::optional<BatchPlace>> BatchFolder::claim(const OpenBatch& batch) {
  const fs::path folder = folder_ / batch.caller_digest / batch.id;
  const fs::path mark = folder_ / "open" / mark_name(batch.caller_digest, batch.id);
  if (!is_there(folder / kRecordFile)) {
    struct stat status{};
    if (::stat(mark.c_str(), &status) == 0 && std::chrono::system_clock::from_time_t(status.st_mtime) <
                                                  std::chrono::system_clock::now() - kHalfMadeFor) {
      ::unlink(mark.c_str());
    }
    return std::optional<BatchPlace>();
  }
  StoredFile lock(folder / kLockFile, O_RDWR | O_CREAT | O_NOFOLLOW, kOwnerOnly);
  if (!lock.is_open()) return noted(batch_failed("taking a batch", folder, errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK || errno == EINTR) return std::optional<BatchPlace>();
    return noted(batch_failed("taking a batch", folder, errno));
  }
  return std::optional(BatchPlace(folder, mark, std::move(lock)));
}

std::size_t BatchFolder::remove_ended_in(const fs::path& caller, WallTime time) {
  std::vector<std::pair<WallTime, fs::path>> ended;
  for (const fs::path& entry : entries_of(caller)) {
    if (!is_batch_id(entry.filename().string())) continue;
    const auto batch = load_batch(entry);
    if (batch && batch->ended_at) ended.emplace_back(*batch->ended_at, entry);
  }
  std::ranges::sort(ended);
  std::size_t removed = 0;
  for (const auto& [ended_at, entry] : ended) {
    if (ended_at >= time && ended.size() - removed < kMostKept) break;
    // Moved away first, so that nobody finds a half of it.
    const fs::path away = caller / ("gone-" + random_name());
    if (::rename(entry.c_str(), away.c_str()) == 0) ++removed;
  }
  std::error_code failure;
  for (const fs::path& entry : entries_of(caller)) {
    if (entry.filename().string().starts_with("gone-")) fs::remove_all(entry, failure);
  }
  return removed;
}

std::size_t BatchFolder::remove_ended_before(WallTime time) {
  std::size_t removed = 0;
  for (const fs::path& entry : entries_of(folder_)) {
    if (is_sha256_hex(entry.filename().string())) removed += remove_ended_in(entry, time);
  }
  return removed;
}

}  // namespace shunt::api::batches

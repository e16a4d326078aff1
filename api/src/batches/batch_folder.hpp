#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batches/batch.hpp"
#include "batches/batch_object.hpp"
#include "batches/newest_batches.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/base/result.hpp"
#include "shunt/base/stored_file.hpp"

namespace shunt::api::batches {

// What one caller may have.
struct BatchQuota {
  std::size_t max_open = 16;
  std::chrono::milliseconds retention = std::chrono::hours(24 * 30);  // of what has ended
};

// A batch that has not ended, as the folder lists it.
struct OpenBatch {
  std::string caller_digest;
  std::string id;
  auto operator<=>(const OpenBatch&) const = default;
};

// A piece of a caller's list.
struct BatchListQuery {
  WallTime oldest_end;               // those that ended before are not shown
  std::optional<BatchRank> after{};  // the piece begins behind it
  std::size_t most = 1;
};

// What a batch writes while it goes on.
enum class WorkFile { kOutput, kErrors, kStarted };

// A batch that this process runs: nobody else does for as long as this is there. Calls block, and fail with
// `file_store_failed` or `storage_full`. Not thread-safe.
class BatchPlace {
 public:
  [[nodiscard]] Result<Batch> load() const;
  // As durable as the disk makes it.
  [[nodiscard]] Result<void> save(const Batch& batch);
  [[nodiscard]] bool cancel_asked() const;

  [[nodiscard]] Result<std::uint64_t> size(WorkFile file);
  [[nodiscard]] Result<void> append(WorkFile file, std::string_view text);
  [[nodiscard]] Result<std::string> read(WorkFile file, std::uint64_t offset, std::size_t length);
  [[nodiscard]] Result<void> cut(WorkFile file, std::uint64_t size);
  // What was appended outlives the machine.
  [[nodiscard]] Result<void> sync();

  // It has ended: removes what it has written on the way.
  void clear();

 private:
  friend class BatchFolder;
  BatchPlace(std::filesystem::path folder, std::filesystem::path open_mark, StoredFile lock)
      : folder_(std::move(folder)), open_mark_(std::move(open_mark)), lock_(std::move(lock)) {}
  [[nodiscard]] Result<int> opened(WorkFile file);

  std::filesystem::path folder_;
  std::filesystem::path open_mark_;
  StoredFile lock_;
  std::array<std::optional<StoredFile>, 3> files_{};
};

// The batches of all callers, in a folder that all API processes share (docs/decisions/0028 has the layout).
// Calls block. Any thread, and any number of processes.
class BatchFolder {
 public:
  // `faults` hears of each fault of the folder, whoever else is told of it; nullptr: nobody does.
  explicit BatchFolder(std::filesystem::path folder, FaultLog* faults = nullptr)
      : folder_(std::move(folder)), faults_(faults) {}

  // False: the caller has one of that id. Fails with `too_many_concurrent` where it has as many open ones as
  // it may. Its old ones go.
  [[nodiscard]] Result<bool> add(const Batch& batch, const BatchQuota& quota);
  // nullopt: the caller has no such batch.
  [[nodiscard]] Result<std::optional<ShownBatch>> find(std::string_view caller, std::string_view id) const;
  // Every one of the caller's that is shown, in no order and one at a time: together they are large.
  void visit(std::string_view caller, WallTime oldest_end, const std::function<void(ShownBatch)>& take) const;
  // Newest first.
  [[nodiscard]] std::vector<ShownBatch> list(std::string_view caller, const BatchListQuery& query) const;
  // Whoever runs it will see it.
  [[nodiscard]] Result<void> ask_cancel(std::string_view caller, std::string_view id);

  [[nodiscard]] std::vector<OpenBatch> open() const;
  // nullopt: another process runs it, or it is gone.
  [[nodiscard]] Result<std::optional<BatchPlace>> claim(const OpenBatch& batch);
  // Removes those of all callers that ended before then, and returns how many.
  std::size_t remove_ended_before(WallTime time);

 private:
  [[nodiscard]] std::filesystem::path folder_of(std::string_view caller) const;
  [[nodiscard]] Error noted(Error fault) const;
  std::size_t remove_ended_in(const std::filesystem::path& caller, WallTime time);

  const std::filesystem::path folder_;
  FaultLog* const faults_;
};

}  // namespace shunt::api::batches

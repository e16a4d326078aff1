#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "batches/batch.hpp"
#include "batches/batch_folder.hpp"
#include "batches/line_reader.hpp"
#include "batches/line_set.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::batches {

// How far a batch is, read from what it has written so far: a piece a call, so that nobody waits for all of
// it. A torn end, which a process that died has left, is cut off. Not thread-safe.
class ProgressReader {
 public:
  // `process` names this one: what others have begun and not ended may be lost.
  ProgressReader(std::string batch_id, std::string process)
      : batch_id_(std::move(batch_id)), process_(std::move(process)) {}

  // True: all is read.
  [[nodiscard]] Result<bool> read_some(BatchPlace& place);

  // Whose results are written.
  [[nodiscard]] LineSet& ended() noexcept { return ended_; }
  // Which another process has begun.
  [[nodiscard]] const LineSet& begun() const noexcept { return begun_; }
  [[nodiscard]] const LineCounts& counts() const noexcept { return counts_; }
  [[nodiscard]] const BatchUsage& usage() const noexcept { return usage_; }

 private:
  [[nodiscard]] WorkFile file() const noexcept;
  void take(const FileLine& line);
  void take_begun(std::string_view text);

  const std::string batch_id_;
  const std::string process_;
  unsigned file_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t whole_ = 0;  // bytes of the file up to the end of its last whole line
  std::optional<LineReader> reader_;
  LineSet ended_;
  LineSet begun_;
  LineCounts counts_;
  BatchUsage usage_;
};

// What ProgressReader reads of a line that is about to be begun.
[[nodiscard]] std::string begun_text(std::uint64_t line, std::string_view process);

}  // namespace shunt::api::batches

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "shunt/base/result.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// An entry of the audit as it stands in the stream.
struct AuditLine {
  std::uint64_t seq = 0;
  std::string line;
};

// The audit as a file of lines, the same as in the stream. Processes of one host may share one: each appends,
// under the file's lock, what has not been appended yet. What was written is brought to the disk. A line that
// a stopped machine has left unfinished is cut off and written again.
class AuditFile {
 public:
  explicit AuditFile(std::string path) : path_(std::move(path)) {}

  // Appends those of `entries` that come after the last one in the file. Fails with `file_unwritable`, also
  // while another process has the lock: the next call appends them. Blocks.
  [[nodiscard]] Result<void> append(const std::vector<AuditLine>& entries);

 private:
  std::string path_;
};

}  // namespace shunt::flip

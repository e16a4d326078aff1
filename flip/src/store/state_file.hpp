#pragma once

#include <optional>
#include <string>

#include "shunt/base/result.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/record.hpp"

namespace shunt::flip {

// The copy of the record on a process's disk.
struct KeptRecord {
  FlipRecord record;
  bool unmerged = false;  // changed by this process alone, while the store was away
  [[nodiscard]] bool operator==(const KeptRecord&) const = default;
};

[[nodiscard]] std::string kept_text(const KeptRecord& kept);
// Strict, as parse_record is. Fails with `invalid_flip_record`.
[[nodiscard]] Result<KeptRecord> parse_kept(std::string_view text);

// nullopt: there is no file. Fails with `file_unreadable` or `invalid_flip_record`. Blocks.
[[nodiscard]] Result<std::optional<KeptRecord>> read_state_file(const std::string& path);

}  // namespace shunt::flip

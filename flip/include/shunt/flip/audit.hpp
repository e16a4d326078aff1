#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/record.hpp"

namespace shunt::flip {

// The bound of one entry's line. The largest entry that is written has 2 places, a reason, an undo, a verdict
// and 20 overrides, which is half of it.
inline constexpr std::size_t kMaxAuditLineBytes = 8 * 1024;
inline constexpr std::size_t kMaxOverrides = 20;
inline constexpr std::size_t kMaxOverrideBytes = 64;

// One change of the flip's record: who did what, when and why. Entries are never changed; each holds the hash
// of the one before, so that a changed, removed or inserted one is found (ChainCheck).
struct AuditEntry {
  std::uint64_t seq = 0;  // from 1 on, without a hole
  WallTime at{};
  std::string event;  // event_name(), or "first record", "restored", "merged"
  Actor by;
  std::string why;
  std::string from;  // place_text(); "" for a first record
  std::string to;
  std::uint64_t epoch = 0;  // of the record after it
  std::string salt;
  std::string process;                 // which wrote it
  std::vector<std::string> overrides;  // what had failed and a person overrode by name
  JsonObject verdict;    // of the controller's tick (verdict_object); empty for a person's event
  std::string undo;      // the command that leads back
  std::string previous;  // the hash of the entry before; "" for the first
  std::string hash;      // SHA-256 of all the above, as 64 hexadecimal digits
};

// The entry as one line of JSON without a line break, the same in the stream and in a file. The hash is that
// of the line's text up to its last member, which it is; `entry.hash` is not looked at.
[[nodiscard]] std::string audit_line(const AuditEntry& entry);
// Reads a line that anybody may have written. Fails with `invalid_audit_entry`, also where the hash is not
// that of the line.
[[nodiscard]] Result<AuditEntry> parse_audit_line(std::string_view line);

// What a look at a chain has found.
struct ChainReport {
  std::uint64_t entries = 0;
  std::uint64_t first = 0;  // seq of the first and the last entry that was looked at; 0: there was none
  std::uint64_t last = 0;
  std::string hash;                    // of the last one
  std::optional<std::string> problem;  // the first thing that is wrong, in words, with the place
  [[nodiscard]] bool intact() const noexcept { return !problem; }
};

// Looks at the entries of a chain one after the other. A chain may begin in the middle (older entries have
// been cut off); from there on each follows the one before. Not thread-safe.
class ChainCheck {
 public:
  // An entry that has to be in it, as a record says: usually the last one, unless changes have gone on since
  // the record was read.
  struct Told {
    std::uint64_t seq = 0;  // 0: none is
    std::string hash{};
  };

  ChainCheck() = default;
  explicit ChainCheck(Told told) : told_(std::move(told)) {}

  void add(std::string_view line);
  // Of what has been added so far.
  [[nodiscard]] const ChainReport& report() const noexcept { return report_; }
  // When all has been added.
  [[nodiscard]] ChainReport finish() &&;

 private:
  Told told_;
  ChainReport report_;
};
[[nodiscard]] ChainReport verify_chain(const std::vector<std::string>& lines);
// The same of a file of lines (the setting `flip.audit_file`), read piece by piece. Fails with
// `audit_file_unreadable`. Blocks, also for as long as a process is at writing an entry.
[[nodiscard]] Result<ChainReport> verify_audit_file(const std::string& path);

}  // namespace shunt::flip

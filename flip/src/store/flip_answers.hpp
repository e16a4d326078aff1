#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bullmq/redis_reply.hpp"
#include "shunt/base/result.hpp"
#include "shunt/flip/audit.hpp"
#include "shunt/flip/flip_control.hpp"
#include "shunt/flip/namespace.hpp"
#include "store/audit_file.hpp"
#include "store/fleet_reports.hpp"

// What the scripts of flip/lua answer, each decoded in one place. Pure: whatever the reply is, these
// functions return; one of another shape fails with `flip_store_unreadable`.
namespace shunt::flip {

// What a change of the record is compared with.
struct StoredHead {
  std::string epoch;       // "" = there is no record
  std::uint64_t seq = 0;   // of the last entry of the audit
  std::string audit_hash;  // "" = there is no entry
  [[nodiscard]] bool operator==(const StoredHead&) const = default;
};

// follow.lua
struct FollowAnswer {
  StoredHead head;
  bool same = false;                 // as it was known
  std::optional<FlipRecord> record;  // unless it is the same; nullopt: there is none
  bool lease_written = false;
  std::optional<std::string> fence;  // this process is the controller
  bool driven = false;               // it or another one is
};
// Fails with `invalid_flip_record` where there is one that cannot be read, too.
[[nodiscard]] Result<FollowAnswer> decode_follow(const bullmq::RedisReply& reply);

// change.lua
struct ChangeSet {
  StoredHead head;  // after it
};
struct ChangeStale {};
struct ChangeFenced {};
using ChangeAnswer = std::variant<ChangeSet, ChangeStale, ChangeFenced>;
[[nodiscard]] Result<ChangeAnswer> decode_change(const bullmq::RedisReply& reply);

// look.lua
struct FleetLook {
  std::vector<ApiProcess> processes;  // by name
  std::optional<KeptTick> tick;
  struct Counted {
    std::string process;
    std::uint64_t number = 0;
    ProcessCounts counts;
  };
  std::vector<Counted> counted;
};
[[nodiscard]] Result<FleetLook> decode_look(const bullmq::RedisReply& reply);

// Entries of the stream, as XRANGE and XREAD have them.
struct StreamLines {
  std::string position;  // of the last one; "" = there was none
  std::vector<AuditLine> lines;
};
[[nodiscard]] StreamLines decode_stream(const bullmq::RedisReply& entries);

}  // namespace shunt::flip

#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bullmq/redis.hpp"
#include "queue/records/generation_keys.hpp"
#include "shunt/base/result.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/generation_event.hpp"

namespace shunt::executor {

// One entry of a process's stream of notifications. Each message names a generation first.
struct StreamEntry {
  std::string position;  // "<ms>-<n>"
  std::vector<std::pair<std::string, std::string>> messages;
};
// Entries of a stream as XRANGE has them; what has no such shape is left out. Pure.
[[nodiscard]] std::vector<StreamEntry> decode_entries(bullmq::RedisReply reply);

// Whether the stream entry `a` ("<ms>-<n>") is older than `b`. Pure.
[[nodiscard]] bool precedes(std::string_view a, std::string_view b);

// What a message says of its generation.
struct CancelRequested {
  std::string reason;
};
struct GenerationDeleted {};
struct EventsAppended {
  std::vector<GenerationEvent> events;
};
// To the owner of a sync generation: put this of it into its record, and tell `asker` (SyncRecords::ask).
enum class OwnerRequest { kLog, kRequest };
struct OwnerAsked {
  OwnerRequest what = OwnerRequest::kLog;
  std::string asker;
};
// From the owner: what the record has now.
enum class OwnerAnswer {
  kDone,    // what was asked for
  kAbsent,  // nothing: the owner does not have the generation any more
  kFailed,  // nothing: it could not be stored
};
struct OwnerAnswered {
  OwnerRequest what = OwnerRequest::kLog;
  OwnerAnswer answer = OwnerAnswer::kDone;
};
using Notification =
    std::variant<CancelRequested, GenerationDeleted, EventsAppended, OwnerAsked, OwnerAnswered>;
// The words of the last two. Pure.
[[nodiscard]] std::string encode_owner_asked(OwnerRequest what, std::string_view asker);
[[nodiscard]] std::string encode_owner_answered(const OwnerAnswered& answered);
// Fails as decode_events does. Pure.
[[nodiscard]] Result<Notification> decode_notification(std::string_view message);

// The commands on the stream in which other processes tell this one what is new. Every function throws
// bullmq::Error. Copies share the connections. One thread: theirs.
class NotificationRecords {
 public:
  // Nothing is written any more to the stream of a process that has not told for so long that it reads it.
  static constexpr std::chrono::milliseconds kReads{15'000};

  // `blocking`: a connection of its own, which reads wait on; `commands`: for all that may be done meanwhile.
  NotificationRecords(bullmq::Redis blocking, bullmq::Redis commands, const GenerationKeys& keys,
                      std::string_view process);

  // Reports that the stream is read. With kApi the process is also told what concerns every API process.
  enum class Reader { kApi, kWorker };
  bullmq::awaitable<void> report_reading(Reader reader);
  // The position of the newest entry; "" when there is none.
  bullmq::awaitable<std::string> newest();
  // Waits up to `block` for entries behind `position`. When the answer is `margin` late, the connection is
  // dead.
  bullmq::awaitable<std::vector<StreamEntry>> read_after(std::string position,
                                                         std::chrono::milliseconds block,
                                                         std::chrono::milliseconds margin);
  // Removes what lies before `position`.
  bullmq::awaitable<void> trim(std::string position);
  // Removes what somebody has put in the place of the stream.
  bullmq::awaitable<void> remove();

  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  // Closes the blocking connection.
  void close() { blocking_.close(); }

 private:
  bullmq::Redis blocking_;
  bullmq::Redis commands_;
  std::string key_;
  std::vector<std::string> script_keys_;
  std::string process_;
};

}  // namespace shunt::executor

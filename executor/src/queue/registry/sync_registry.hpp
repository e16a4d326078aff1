#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "bullmq/signal.hpp"
#include "queue/records/notification_records.hpp"
#include "queue/records/sync_records.hpp"
#include "queue/registry/registry_entry.hpp"
#include "queue/registry/run_inbox.hpp"
#include "queue/runtime/async_condition.hpp"
#include "queue/services/end_writer.hpp"
#include "queue/services/owner_leases.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"

namespace shunt::executor {

// Enters this process's sync generations into Redis and tells how they ended, many in one call, beside their
// runs; claims idempotency keys for them; and answers other processes who ask for one of them. While Redis is
// away it keeps what is open, and enters that when Redis is back. One thread: the loop's.
class SyncRegistry {
 public:
  SyncRegistry(QueueContext& context, EndWriter& ends, OwnerLeases& leases);
  void start();
  void stop();

  // Registers what `core` runs. Before its first submit.
  void serve(std::shared_ptr<SyncCore> core);

  // A generation that is entered before it runs.
  struct Candidate {
    GenerationId id;
    std::string model;
    std::string caller;
    WallTime created_at{};
    std::chrono::milliseconds timeout{0};
    std::string head;
    std::optional<Registration::Claim> claim{};
    std::string request{};  // its envelope, for one that any process answers for
  };
  struct Entered {};
  // Redis is away. The candidate stays: placed or withdrawn next.
  struct RedisAway {
    std::string why;
  };
  using EnterOutcome = std::variant<Entered, RedisAway, KeyHeld, KeyConflict, ClaimsFull, Error>;
  // Within QueueOptions::enqueue_deadline. After Entered and RedisAway its generation is placed, or
  // withdrawn.
  bullmq::awaitable<EnterOutcome> enter(Candidate candidate);
  // It was refused after all: it never was.
  void withdraw(const GenerationId& id);
  // Waits until Redis knows the end of one that has ended. False: it does not, and cannot be told now.
  bullmq::awaitable<bool> settle(GenerationId id);
  // The same for all that have ended; nothing is owned afterwards. Within `limit`.
  bullmq::awaitable<void> leave(std::chrono::milliseconds limit);

  // What others tell or ask.
  void on_notification(const std::string& id, const Notification& notification);

 private:
  using Entry = std::shared_ptr<RegistryEntry>;
  using Observed = ExecutorObserver::Registry;
  struct Sent {
    Entry entry;
    bool told_end = false;
  };

  void take_notices();
  bool take_some();
  void note_placed(std::shared_ptr<Generation> generation);
  void note_ended(const GenerationId& id);
  void wake();
  bullmq::awaitable<void> flush();
  bullmq::awaitable<void> send_line();
  bullmq::awaitable<void> send_batch();
  void enqueue(const Entry& entry);
  void enqueue_passed_over();
  [[nodiscard]] bool has_room_for(const RegistryEntry& entry) const;
  void leave_out(const Entry& entry);
  void finish(const Entry& entry, bool told_end, Result<RegisterAnswer> answer);
  void redis_is_away(std::string why);
  void keep_for_later(const Entry& entry);
  void redis_is_back();
  bullmq::awaitable<void> wait_for_connection(SteadyTime until);
  bullmq::awaitable<void> free_lost_key(GenerationId holder);
  bullmq::awaitable<void> take_back(std::string id, std::string claim);
  bullmq::awaitable<void> try_again();

  bullmq::awaitable<void> answer(GenerationId id, OwnerAsked asked);
  bullmq::awaitable<AskerAnswer> gather(GenerationId id, OwnerRequest what);
  bullmq::awaitable<std::shared_ptr<Generation>> find_placed(GenerationId id);
  bullmq::awaitable<bool> follow_open(Entry entry);
  bullmq::awaitable<void> add_whole_log(std::shared_ptr<Generation> generation, AskerAnswer& answer);
  void begin_log(const Entry& entry);
  [[nodiscard]] Entry find(const GenerationId& id) const;
  void observe(Observed what) const;

  QueueContext& context_;
  EndWriter& ends_;
  OwnerLeases& leases_;
  std::shared_ptr<SyncCore> core_;
  const std::shared_ptr<RunInbox> inbox_;
  std::vector<RunInbox::Notice> notices_;  // those that are being looked at
  std::unordered_map<GenerationId, Entry> entries_;
  std::deque<Entry> line_;                                       // for the next call
  std::deque<std::pair<std::string, std::string>> withdrawals_;  // ids and claims that Redis may still have
  AsyncCondition changed_;                                       // any entry, or whether Redis is there
  std::vector<bullmq::Subscription> subscriptions_;
  PeriodicDuty trying_again_;
  std::size_t answering_ = 0;
  bool flushing_ = false;
  bool urgent_ = false;
  bool was_connected_ = false;
  bool away_ = true;
  bool away_logged_ = false;
  bool behind_logged_ = false;
  bool passed_over_ = false;  // an open one is not in the line for want of room
  bool stopped_ = false;
  std::string away_because_ = "it is not connected yet";
};

}  // namespace shunt::executor

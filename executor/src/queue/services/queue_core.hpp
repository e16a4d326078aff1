#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "bullmq/queue.hpp"
#include "bullmq/redis.hpp"
#include "queue/records/broken_records.hpp"
#include "queue/records/generation_keys.hpp"
#include "queue/records/generation_records.hpp"
#include "queue/records/queue_keyspace.hpp"
#include "queue/replicas/replicas.hpp"
#include "queue/runtime/notification_stream.hpp"
#include "queue/runtime/periodic_duty.hpp"
#include "queue/replicas/unreported_job.hpp"
#include "request_sealing.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/queue_executor.hpp"

namespace shunt::executor {

using bullmq::awaitable;

// For everything that reads or administers.
[[nodiscard]] Error cannot_look(const std::exception& error);

// Duties that are done when the replicas have something to do (queue_upkeep.cpp).
inline constexpr const char* kOverdue = "overdue";
inline constexpr const char* kSilent = "silent";
inline constexpr const char* kSweep = "sweep";
// So many generations are ended at once: as many as share a call (call_group.cpp).
inline constexpr std::size_t kAtOnce = 200;

// The queue executor's inside. Everything is done on `loop`'s thread except what says otherwise.
//   queue_submit.cpp   admission and the add
//   queue_lookup.cpp   find, watch
//   queue_list.cpp     list
//   queue_cancel.cpp   cancel, drain
//   queue_operations.cpp  a generation's request, its removal
//   queue_fleet.cpp    the server, the workers, and models that have none
//   queue_replicas.cpp  what is heard of generations, and those that nothing is heard of
//   queue_upkeep.cpp   its duties: health, and what is done every now and then
//   queue_retention.cpp  what is kept no longer leaves Redis
struct QueueCore : std::enable_shared_from_this<QueueCore> {
  QueueCore(const ModelRegistry& models, ArtifactStore& artifacts, QueueExecutorOptions options,
            EventLoop& loop);
  void start();
  // Ends all connections. What waits for Redis fails then.
  void close();
  // After the loop has ended: waits for the call of the artifact store that is under way. Any thread.
  void wait_for_files() { files_.join(); }

  // ---- Submitting.
  // `asked_at`: when the caller did.
  // Behind a pointer, because it is large and goes from one coroutine to the next.
  using Submission = std::shared_ptr<const SealedRequest>;
  awaitable<SubmitOutcome> submit(Submission sealed, SteadyTime asked_at);
  // Refuses what is not even tried.
  [[nodiscard]] SubmitOutcome refuse_early(std::string_view model, SteadyTime asked_at, Error error,
                                           std::optional<std::chrono::milliseconds> retry_after = {}) const;

  // ---- Looking.
  awaitable<Result<FindOutcome>> find(GenerationId id);
  awaitable<Result<std::shared_ptr<const std::string>>> load(Artifact artifact);
  awaitable<Result<std::shared_ptr<const std::string>>> read_part(Artifact artifact, std::size_t offset,
                                                                  std::size_t length);
  awaitable<Result<RecordPage>> list(ListQuery query);
  awaitable<Result<WatchOutcome>> watch(GenerationId id, WatchOptions options);
  awaitable<Result<CancelOutcome>> cancel(GenerationId id, std::string reason);

  // ---- Operating (queue_operations.cpp).
  awaitable<Result<RequestOutcome>> request_of(GenerationId id);
  awaitable<Result<RemoveOutcome>> remove(GenerationId id);
  awaitable<Result<Fleet>> fleet();  // queue_fleet.cpp

  // ---- Upkeep.
  awaitable<DrainReport> drain(std::chrono::milliseconds grace);
  [[nodiscard]] ExecutorDescription describe() const;  // any thread

  // Runs a coroutine that nobody waits for; it keeps the core alive. Any thread.
  template <typename Coroutine, typename... Args>
  void launch(Coroutine coroutine, Args... args);

  const ModelRegistry& models;
  ArtifactStore& artifacts;
  const QueueExecutorOptions options;
  const Clock& clock;
  FaultLog& faults;
  EventLoop& loop;
  const GenerationKeys keys;
  const std::string process;  // of this executor, in watchers' sets and the name of its inbox
  GenerationIdSource ids;
  std::atomic<bool> draining{false};

 private:
  enum class AddResult { kAdded, kRefused, kUnknown };

  // How long the add took is written to `enqueue`.
  awaitable<SubmitOutcome> decide(Submission sealed, std::chrono::nanoseconds& enqueue);
  awaitable<SubmitOutcome> decide_within(Submission sealed, SteadyTime until,
                                         std::chrono::nanoseconds& enqueue);
  awaitable<void> wait_for_first_connection();
  awaitable<Result<AdmitAnswer>> admit(const SealedRequest& sealed);
  [[nodiscard]] SubmitOutcome refusal_of(const Model& model, const AdmitAnswer& answer) const;
  awaitable<SubmitOutcome> enqueue(Submission sealed, std::shared_ptr<Generation> generation,
                                   SteadyTime until);
  awaitable<SubmitOutcome> rejoin(Submission sealed, GenerationId holder, SteadyTime until);
  awaitable<AddResult> add(std::string model, std::string id, std::string text, SteadyTime until,
                           std::string& why);
  void withdraw_later(std::string id, std::string claim);
  awaitable<void> withdraw(std::string id, std::string claim);
  void tell_submitted(std::string_view model, const SubmitOutcome& outcome, SteadyTime asked_at,
                      std::chrono::nanoseconds enqueue) const;

  awaitable<Result<ReadOutcome>> read(std::string id, bool watch);
  awaitable<Result<ReadOutcome>> read_settled(std::string id, bool watch);
  awaitable<std::optional<Error>> load_result(GenerationEvent& ending);
  awaitable<Result<std::shared_ptr<const std::string>>> read_stored(std::string digest);
  awaitable<bool> adopt(int calls);
  awaitable<Result<ListAnswer>> find_page(const ListQuery& query, const std::string& before,
                                          std::size_t wanted);
  awaitable<std::size_t> read_summaries(const ListQuery& query, const std::vector<std::string>& chosen,
                                        std::size_t& at, std::vector<GenerationRecord>& records);
  awaitable<bool> conclude(std::string id, std::optional<std::uint64_t> attempt,
                           std::vector<GenerationEvent> events);
  awaitable<bool> conclude_silent(std::string id, UnreportedGeneration unreported);
  awaitable<bool> settle(const StoredGeneration& stored);
  awaitable<bool> remove_job(std::string queue_key, std::string id);
  awaitable<void> try_to_remove_job(std::string queue_key, std::string id);
  enum class Asked {
    kTold,       // whoever runs it; or it had ended, or is not known
    kEndedHere,  // nobody of ours ran it
    kTooLate,    // a worker has begun in between
  };
  awaitable<Result<Asked>> ask_to_stop(std::string id, std::string reason);
  [[nodiscard]] std::chrono::milliseconds grace_of(std::string_view model) const;

  awaitable<Result<DeleteAnswer>> delete_ended(std::string id, GenerationRecords::Deletion how);
  awaitable<Result<DeleteAnswer>> look_before_removal(std::string id);
  // Counts and logs it, and returns it.
  Error tell_broken(std::string_view id, Error error);
  awaitable<void> learn_server();
  awaitable<void> look_for_plain_workers();
  [[nodiscard]] std::size_t plain_workers_of(const std::string& model) const;
  void note_unserved(const std::vector<ModelDescription>& seen);
  // With health_mutex_ held.
  [[nodiscard]] std::vector<Warning> warnings() const;
  void note_connection(bool connected);
  void note_error(std::string what);

  void on_message(const std::string& id, const std::string& message);
  void hear(const std::string& id, std::vector<GenerationEvent> events);
  awaitable<void> hear_large(std::string id, std::vector<GenerationEvent> events);
  awaitable<void> resync(std::string id);
  void start_duties();
  using Part = awaitable<void> (QueueCore::*)();
  void do_every(std::string name, std::chrono::milliseconds interval, Part part);
  void do_when_due(std::string name, SteadyTime (Replicas::*next)() const noexcept, Part part);
  // The duties above hear of what this replica needs.
  void mind(const Replica& replica);
  awaitable<void> look_at_silent();
  awaitable<void> look_at(std::vector<std::shared_ptr<Replica>> replicas);
  awaitable<void> look_at_one(std::shared_ptr<Replica> replica, UnreportedGeneration unreported);
  awaitable<void> end_overdue();
  awaitable<void> end_if_overdue(std::shared_ptr<Replica> replica);
  awaitable<void> end_waiting_for_retry(std::shared_ptr<Replica> replica);
  awaitable<void> probe_health();
  awaitable<void> keep_queues();
  awaitable<void> settle_queues();
  awaitable<void> forget_old_ids();
  awaitable<void> sweep_replicas();
  awaitable<void> settle_open(std::string model);
  struct SettledPage {
    std::size_t looked_at = 0;
    std::size_t ended = 0;
  };
  awaitable<SettledPage> settle_page(std::string model, std::size_t from);
  awaitable<std::size_t> settle_together(std::vector<std::string> generations);
  awaitable<void> expire_artifacts();
  awaitable<void> enforce_retention();
  awaitable<void> adopt_all();
  awaitable<std::set<std::string>> known_queues();
  awaitable<void> discover_queues();
  awaitable<void> clean_queue(std::string queue_key);
  awaitable<void> remove_strays(std::string queue_key);
  awaitable<void> remove_released();
  void set_health(Health health, std::string reason);
  void tell_ended(const Replica& replica);
  awaitable<void> tell_failed(std::string id, std::string model, Error error);

  bullmq::Redis commands_;  // short deadlines: what a submit waits for
  bullmq::Redis queries_;
  bullmq::Redis lists_;  // what reads much: nobody else waits behind it
  bullmq::Redis blocking_;
  std::map<std::string, bullmq::Queue, std::less<>> queues_;
  GenerationRecords submitting_;  // each over a connection of its own
  GenerationRecords records_;
  GenerationRecords listing_;
  QueueKeyspace queue_keys_;     // for what somebody waits for
  QueueKeyspace listed_queues_;  // for housekeeping
  std::shared_ptr<NotificationStream> notifications_;
  Replicas replicas_;
  BrokenRecords broken_{clock};
  std::string scan_position_{kScanStart};                 // among all keys, for queues that nobody has told us of
  std::string files_position_{kScanStart};                // among the bytes in the artifact store
  std::string callers_position_{kScanStart};              // among the callers whose indexes are trimmed
  std::map<std::string, std::size_t> strays_from_;  // by queue: where the next look at its jobs begins
  boost::asio::thread_pool files_{2};
  bool closed_ = false;
  bool was_connected_ = false;
  FaultLog own_faults_;
  std::vector<bullmq::Subscription> subscriptions_;
  std::optional<Fleet> fleet_;  // as it was last looked at
  SteadyTime fleet_at_{};
  std::map<std::string, std::size_t, std::less<>> plain_workers_;  // of models without a lease, where known
  std::size_t plain_look_ = 0;
  std::set<std::string, std::less<>> unserved_;  // models that nobody runs now
  std::map<std::string, SteadyTime> unserved_told_;

  mutable std::mutex health_mutex_;
  Health health_ = Health::kDegraded;
  std::string health_reason_ = "not connected to Redis yet";
  ServerStatus server_;
  std::vector<ModelDescription> models_seen_;  // empty while Redis does not answer
  std::optional<WallTime> models_seen_at_;
  // Last, so that they end first.
  PeriodicDuties duties_;
};

}  // namespace shunt::executor

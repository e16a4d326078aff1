#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/observer.hpp"
#include "shunt/executor/queue_options.hpp"
#include "shunt/flip/audit.hpp"
#include "shunt/flip/current_snapshot.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/record.hpp"
#include "shunt/flip/shadow.hpp"
#include "shunt/flip/transition.hpp"
#include "shunt/flip/verdict.hpp"

namespace shunt::flip {

// What a person asks of the flip.
struct FlipRequest {
  FlipEvent event = FlipEvent::kHold;
  std::optional<Plan> plan{};  // of kStart; unset: the built-in one
  Actor by{ActorKind::kPerson, {}};
  std::string why{};
  // What may fail all the same, by name: rows of the preflight, and "cool_down". They are on record.
  std::vector<std::string> overrides{};
};

// What became of it.
struct FlipChange {
  FlipRecord record;  // after it
  std::string place;  // place_text(record)
  std::string undo;   // the command that leads back: "shunt flip resume"
  // false: Redis could not be written to. The change is acted on in this process alone and kept on its disk;
  // it is merged when Redis is back.
  bool stored = true;
  // Processes of which it is not known that they act on it: with Redis up, those that have not acknowledged
  // it within FlipControlOptions::acknowledge_wait; without, all others that were last seen.
  std::vector<std::string> not_reached;
};

// An API process as its lease tells of it.
struct ApiProcess {
  std::string process;  // tells processes of one host apart
  std::string host;
  std::int64_t pid = 0;
  std::uint64_t epoch = 0;  // of the record that it acts on
  std::string version;
  std::string build;  // see FlipControlOptions::build
  WallTime started_at{};
};

// What the holder of the controller's lease found in its last tick.
struct TickReport {
  std::string process;  // the holder
  WallTime at{};
  std::uint64_t epoch = 0;
  StepProgress progress;
  Verdict verdict;
  std::string alert;                // "" for none
  std::vector<std::string> silent;  // processes whose figures are missing or old
  std::optional<double>
      jobs_seen;  // the share of ended generations that the queue ran, since the epoch began
};

// The page for 3 a.m.
struct FlipStatus {
  FlipRecord record;
  std::string place;
  Weight wanted;
  std::optional<double> seen;   // share of jobs that went through the queue; none while it is not known
  bool store_readable = false;  // as of now
  std::string store_problem;    // why not
  std::chrono::milliseconds store_unreadable_for{0};
  bool blind = false;     // this process sends nothing to the queue, since the rollout is not watched
  bool unmerged = false;  // changed in this process while the store was away
  // Those that have a lease; as last seen, while the store cannot be read.
  std::vector<ApiProcess> processes;
  bool converged = false;  // every one of them acts on the record's epoch
  std::optional<TickReport> last_tick;
  std::string next;                 // what happens next, in a sentence
  std::optional<WallTime> next_at;  // not before; none where it waits for something else than time
  std::string undo;                 // the command that leads back
  std::string process;              // who answers
};

struct FlipLogPage {
  std::vector<AuditEntry> entries;    // oldest first
  std::optional<std::uint64_t> next;  // where to go on; none: that was all
};

// The shadows of a fleet together.
struct FleetShadow {
  ShadowCounts counts;
  std::size_t processes = 1;  // whose counts these are
};

// What this process knows without asking anybody: for /metrics and /readyz.
struct FlipView {
  FlipRecord record;
  bool blind = false;
  bool unmerged = false;
  std::chrono::milliseconds store_unreadable_for{0};
  bool controls = false;  // this process holds the controller's lease
  std::size_t processes = 0;
  std::size_t acknowledged = 0;
  std::uint64_t ticks = 0;
  std::uint64_t merges = 0;
  std::uint64_t lost_races = 0;       // changes that another one of the same epoch came before
  std::uint64_t refused_records = 0;  // what lay in the store and was no record
  std::uint64_t failed_files = 0;     // writes of the state or audit file
};

struct FlipControlOptions {
  executor::QueueOptions queue;  // address and prefix of Redis
  Strategy strategy = Strategy::kQueue;
  std::string version;
  // Version of this process's models and protocol, in one text. A fleet in which it differs is in the middle
  // of a deploy.
  std::string build;
  std::string process;     // "": a random name
  std::string state_file;  // the copy of the record; "": none is kept
  std::string audit_file;  // lines of JSON; "": none is written

  // All that a rollout reads of the queue: its oldest job, leases, versions of workers. Not owned, outlives
  // the control. nullptr: those guards see nothing, and builds are not known.
  executor::GenerationExecutor* queue_executor = nullptr;
  // Half of it is how long the oldest job may wait; 0: no such guard.
  std::chrono::milliseconds wait_deadline{0};
  // For how long this process's breaker has been open outside of drills. Any thread; quick. Empty: never.
  std::function<std::chrono::milliseconds()> breaker_open_for;
  // Names of the preflight's rows that fail now; called before each way up. Answers once, on any thread.
  // Empty: every way up is refused unless "preflight" is overridden.
  std::function<void(std::function<void(std::vector<std::string> failed)>)> preflight;
  // Sends one generation through the whole path of the queue: the traffic of the dark stage, from one process
  // of the fleet. Answers once, on any thread. Empty: dark is left by a person alone.
  std::function<void(std::function<void(Result<void>)>)> probe;
  // What this process's shadow has counted. Any thread; quick. Empty: there is none.
  std::function<ShadowCounts()> shadow;

  const Clock* clock = &system_clock();
  FaultLog* faults = nullptr;  // not owned; its own when there is none

  // Intervals. Those of a fleet should agree; tests shorten them.
  std::chrono::milliseconds poll{5'000};  // of the record, where nothing was pushed; renews the lease
  std::chrono::milliseconds lease{15'000};
  std::chrono::milliseconds probe_interval{10'000};
  std::optional<std::chrono::milliseconds> tick;  // instead of the plan's
  // How long the start may wait for the store's first answer, and a change for the fleet's acknowledgement.
  std::chrono::milliseconds first_read{1'000};
  std::chrono::milliseconds acknowledge_wait{2'000};
};

// The flip of one API process: follows the fleet's record in Redis and keeps a copy on disk, replaces the
// snapshot that requests are decided by, carries out what people ask, and takes its turn as the fleet's
// controller. All functions may be called from any thread and return at once; a result comes through the
// callback, exactly once and within a bounded time whatever Redis does, on the control's own thread.
class FlipControl {
 public:
  virtual ~FlipControl() = default;

  virtual void status(std::function<void(FlipStatus)> done) = 0;

  // Carries an event out: transition(), then compare and set. What leads down is acted on in this process
  // before it is written, and with Redis away in this process alone (FlipChange::stored). Errors: those of
  // transition(), and `flip_store_unreadable` for what does not lead down while Redis is away;
  // `flip_stale_epoch` when other changes came first again and again; `flip_too_large` for a plan that does
  // not fit.
  virtual void apply(FlipRequest request, std::function<void(Result<FlipChange>)> done) = 0;

  // Entries of the audit from this number on (0: the last `count`), at most `count` and 1,000. Fails with
  // `flip_store_unreadable`.
  virtual void log(std::uint64_t from, std::size_t count, std::function<void(Result<FlipLogPage>)> done) = 0;
  // Looks at the whole chain in Redis, and whether it ends where the record says.
  virtual void verify_log(std::function<void(Result<ChainReport>)> done) = 0;

  // What the shadows of all processes have counted under the present epoch. Others tell theirs once a tick;
  // with Redis away it is this process's alone.
  virtual void shadow_counts(std::function<void(FleetShadow)> done) = 0;

  // This process's models are others from now on (FlipControlOptions::build). The fleet reads it at the next
  // renewal of this process's lease.
  virtual void use_build(std::string build) = 0;

  // Counts ends for the comparison: to be told of everything that this process's executors end.
  [[nodiscard]] virtual executor::ExecutorObserver& figures() noexcept = 0;

  [[nodiscard]] virtual FlipView view() const = 0;
};

// Waits up to `first_read` for the store, so that nothing is decided by a state above the recorded one; then
// `snapshot` has been replaced. `snapshot` outlives the control. The address in `options.queue` has been
// checked.
[[nodiscard]] std::unique_ptr<FlipControl> make_flip_control(CurrentSnapshot& snapshot,
                                                             FlipControlOptions options);

// A verdict as objects of the API, the audit and the controller's report have it.
[[nodiscard]] JsonObject verdict_object(const Verdict& verdict);

}  // namespace shunt::flip

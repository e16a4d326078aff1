#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "shunt/base/result.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/event_watch.hpp"
#include "shunt/generation/generation_record.hpp"
#include "shunt/generation/generation_store.hpp"

namespace shunt::executor {

// submit() ends in exactly one of these (design rule 4).
struct Accepted {
  GenerationId id;
  // The idempotency key named a generation that exists already: this is it, nothing new was started.
  bool replayed = false;
  // How long it took to add the job to its queue; 0 where there is none.
  std::chrono::nanoseconds enqueue{0};
  // It waits for a worker, and none has told that it runs the model: one may still be on its way.
  bool no_worker_yet = false;
  // The stream of the new generation from its beginning; its end has the record, so that whoever has
  // submitted needs neither watch() nor find(). nullptr if `replayed`: that generation may be anywhere, or
  // gone.
  std::unique_ptr<EventWatch> watch{};
};
struct Refused {
  Error error;  // nothing exists and nothing will run; error.retryable says whether to come back
  std::optional<std::chrono::milliseconds> retry_after;
};
struct Unknown {
  GenerationId id;  // may or may not exist: look it up; never run it again without winning a claim
  Error error;
};
using SubmitOutcome = std::variant<Accepted, Refused, Unknown>;

using FindOutcome = std::variant<GenerationRecord, GenerationGone, GenerationUnknown>;

struct RecordPage {
  std::vector<GenerationRecord> records;  // newest first; without text and result
  std::optional<GenerationId> next;
};

// The record as it stands once the request to cancel has been made: terminal at once for a generation that
// waits, usually still running (cancel_requested) for one that runs. An ended generation stays as it is.
using CancelOutcome = FindOutcome;

using WatchOutcome = std::variant<std::unique_ptr<EventWatch>, GenerationGone, GenerationUnknown>;

// A generation's request as it was admitted, its input included.
struct RequestForgotten {};  // its record is there, but its input is kept no longer
using RequestOutcome = std::variant<GenerationRequest, RequestForgotten, GenerationGone, GenerationUnknown>;

struct Removed {};
struct NotEnded {};  // only what has ended can be removed
using RemoveOutcome = std::variant<Removed, NotEnded, GenerationGone, GenerationUnknown>;

// A worker as its lease tells of it.
struct WorkerStatus {
  std::string process;  // tells workers of one name apart
  std::string name;
  std::string version;
  struct Model {
    std::string name;
    std::size_t slots = 0;
    [[nodiscard]] bool operator==(const Model&) const = default;
  };
  std::vector<Model> models;
  std::size_t running = 0;
  WallTime started_at{};
  std::optional<WallTime> last_claim_at;

  // How it keeps a generation from running twice (docs/contract/run-once.md): the newest version of the
  // envelope that it reads, whether it begins attempts in their records, and, where it does not, how often it
  // lets BullMQ give a job out again whose worker was lost.
  std::size_t envelope = 1;
  bool begins = false;
  std::optional<std::size_t> max_stalled_count;
};

// Whether the worker may take generations of a model with this choice. Pure.
[[nodiscard]] bool keeps_to(const WorkerStatus& worker, OnLost on_lost) noexcept;

// What works, and ought to be looked at all the same.
struct Warning {
  std::string code;
  std::string message;  // names no addresses: everybody may read it
};

// The server behind an executor.
struct ServerStatus {
  bool connected = false;
  std::optional<WallTime> since;  // when the connection was made, or lost
  std::string version;            // "" until it has told
  std::string eviction_policy;    // as above
  std::string last_error;
  std::optional<WallTime> last_error_at;
};

struct DrainReport {
  std::size_t finished = 0;   // ended by themselves within the grace
  std::size_t cancelled = 0;  // had to be cancelled
};

enum class Health { kReady, kDegraded, kDraining };

// How one model stands, over all processes that serve it.
struct ModelDescription {
  std::string name;
  std::size_t open = 0;                         // waiting and running
  std::chrono::milliseconds oldest_open_age{};  // since its admission; 0 with none open
  std::size_t waiting = 0;                      // of those, the ones that nobody has taken yet
  std::chrono::milliseconds oldest_waiting_age{};
  std::size_t workers = 0;  // processes that run it now
  std::size_t slots = 0;    // generations that those run at once
  std::size_t running = 0;  // of those that are open; only where they are looked at together (Fleet)
  // Workers that know only BullMQ and have no lease: looked for now and then, where there is no other.
  std::size_t plain_workers = 0;
  [[nodiscard]] bool served() const noexcept { return workers + plain_workers > 0; }
};

// Models and workers as they stand at one moment.
struct Fleet {
  std::optional<WallTime> as_of;         // none: now, since nothing had to be asked for
  std::vector<ModelDescription> models;  // by name
  std::vector<WorkerStatus> workers;     // those that have a lease, by name; none in sync mode
};

struct ExecutorDescription {
  std::string name;  // "sync"
  std::string mode;  // what the strategy is called in configuration: "sync" or "queue"
  Health health = Health::kReady;
  std::string reason;  // why it is not ready
  // The state of a queue's Redis: "ready", or what is wrong with it (also while draining). "" = needs
  // none.
  std::string redis = {};
  std::size_t running = 0;
  std::size_t waiting = 0;
  // By name. Empty while it is not known: a queue's server has not answered within the last seconds. Workers
  // of other languages have no leases, so a model without a worker here may still be served.
  std::vector<ModelDescription> models = {};
  std::optional<WallTime> models_as_of = {};  // with a queue
  std::optional<ServerStatus> server = {};    // none in sync mode
  std::vector<Warning> warnings = {};
  // How often something in Redis was not as ours write it, since the start.
  std::uint64_t broken_records = 0;
};

// The one interface between callers (HTTP, command line, C++) and whatever runs generations. Callers see only
// this, so that a flip to another executor changes nothing for them; tests/conformance holds every
// implementation to it.
//
// All functions may be called from any thread that an EventLoop runs (EventLoop::current() is set) and return
// at once. The result comes through the callback: exactly once, possibly before the function returns,
// possibly on another thread. Every callback comes within a bounded time, whatever a network does. An
// executor outlives its callbacks: destroy it after drain().
class GenerationExecutor {
 public:
  virtual ~GenerationExecutor() = default;

  // Admits a request. On Accepted the generation exists, its stream has begun, and the outcome has a watch of
  // it: all that follows comes to the caller through that.
  virtual void submit(GenerationRequest request, std::function<void(SubmitOutcome)> done) = 0;

  // For generations that were not submitted by the same conversation.
  virtual void find(const GenerationId& id, std::function<void(Result<FindOutcome>)> done) = 0;
  virtual void list(const ListQuery& query, std::function<void(Result<RecordPage>)> done) = 0;
  virtual void cancel(const GenerationId& id, std::string reason,
                      std::function<void(Result<CancelOutcome>)> done) = 0;
  virtual void watch(const GenerationId& id, const WatchOptions& options,
                     std::function<void(Result<WatchOutcome>)> done) = 0;

  // The bytes of an artifact of one of this executor's records or events, from wherever they lie: those two
  // do not bring them along. Fails with `artifact_gone` (its store has let it expire) or
  // `artifact_store_failed`.
  virtual void load(const Artifact& artifact,
                    std::function<void(Result<std::shared_ptr<const std::string>>)> done) = 0;

  // Exactly a part of these bytes, for artifacts that are not to be held whole. Fails as load() does.
  virtual void read(const Artifact& artifact, std::size_t offset, std::size_t length,
                    std::function<void(Result<std::shared_ptr<const std::string>>)> done) = 0;

  // What it was asked for, to ask the same again (a new generation: submit). The idempotency key is not part
  // of it. Any state.
  virtual void request_of(const GenerationId& id, std::function<void(Result<RequestOutcome>)> done) = 0;
  // Forgets an ended generation: record, events and input; afterwards it is gone. Its idempotency key stays
  // used, and artifacts that others may share go when their store lets them expire.
  virtual void remove(const GenerationId& id, std::function<void(Result<RemoveOutcome>)> done) = 0;
  // The same of one that find() calls `broken_record`, whatever its record holds, unless a worker is at it.
  // With a caller it removes only what is this caller's; the rest is unknown. Nothing is where nothing is
  // stored.
  virtual void remove_broken(const GenerationId& id, std::optional<std::string> caller,
                             std::function<void(Result<RemoveOutcome>)> done) {
    (void)id;
    (void)caller;
    done(RemoveOutcome(GenerationUnknown{}));
  }
  // Whether one that is gone was this caller's: false also where that is not remembered any more.
  virtual void was_of(const GenerationId& id, std::string caller, std::function<void(Result<bool>)> done) = 0;
  // Looks at all models and workers together, so that no figure contradicts another one.
  virtual void fleet(std::function<void(Result<Fleet>)> done) = 0;

  // Refuses new work from now on (`shutting_down`), waits up to `grace` for what runs, cancels the rest and
  // waits for it to end (bounded by the models' stop_grace). Waiting generations count as running: they were
  // accepted. Once only.
  virtual void drain(std::chrono::milliseconds grace, std::function<void(DrainReport)> done) = 0;

  // For /readyz, /metrics and people. Does no I/O.
  [[nodiscard]] virtual ExecutorDescription describe() const = 0;
};

}  // namespace shunt::executor

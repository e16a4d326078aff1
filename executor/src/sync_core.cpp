#include "sync_core.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "shunt/base/json_memory.hpp"
#include "shunt/base/overloaded.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::executor {
namespace {

using SubmitKind = ExecutorObserver::Submitted::Outcome;

constexpr std::string_view kPath = "sync";
constexpr std::chrono::seconds kOverloadedFor{1};
// Claims become old enough to make room all the time, where there is traffic.
constexpr std::chrono::seconds kClaimsFullFor{5};
// Values below this are part of what every run holds.
constexpr std::size_t kSmallValues = 4096;

Error claims_full(std::size_t limit) {
  return Error{
      error_code::kClaimsFull,
      "the table of idempotency keys is full (" + std::to_string(limit) +
          " for all callers), and each key of this caller's is too recent to be forgotten: come back "
          "later, or send the request without a key",
      Retryable::kYes}
      .with("limit", limit);
}

// What the decoded request holds beside its text.
std::size_t values_of(const GenerationRequest& request) {
  const std::size_t bytes = json_memory(request.input) + json_memory(request.options.metadata) +
                            json_memory(request.context.baggage);
  return bytes < kSmallValues ? 0 : bytes;
}

}  // namespace

std::shared_ptr<ModelSlots> SlotTable::of(const Model& model) {
  const std::lock_guard lock(mutex_);
  auto found = slots_.find(model.name);
  if (found == slots_.end()) found = slots_.emplace(model.name, std::make_shared<ModelSlots>(model)).first;
  return found->second;
}

void SlotTable::follow(const ModelSnapshot& models) {
  std::vector<std::shared_ptr<SyncRun>> started;
  {
    const std::lock_guard lock(mutex_);
    // Nobody can take hold of slots while the table is locked.
    std::erase_if(slots_, [&models](const auto& each) {
      return each.second.use_count() == 1 && models.find(each.first) == nullptr;
    });
    for (const auto& [name, model] : models) {
      const auto found = slots_.find(name);
      if (found == slots_.end()) {
        slots_.emplace(name, std::make_shared<ModelSlots>(*model));
        continue;
      }
      std::ranges::move(found->second->set_limits(*model), std::back_inserter(started));
    }
  }
  for (const auto& run : started) run->begin_soon();
}

SlotTable::Slots SlotTable::all() const {
  const std::lock_guard lock(mutex_);
  return slots_;
}

void SyncCore::report_submitted(std::string_view model, SteadyTime asked_at, SubmitKind kind,
                                std::string_view code) const {
  if (options_.observer == nullptr) return;
  options_.observer->submitted({.model = model,
                                .path = kPath,
                                .outcome = kind,
                                .code = code,
                                .took = options_.clock->steady_now() - asked_at});
}

SubmitOutcome SyncCore::refuse(std::string_view model, SteadyTime asked_at, Error error,
                               std::optional<std::chrono::milliseconds> retry_after) const {
  report_submitted(model, asked_at, SubmitKind::kRefused, error.code);
  return Refused{std::move(error), retry_after};
}

SubmitOutcome SyncCore::refuse_shutting_down(std::string_view model, SteadyTime asked_at) const {
  return refuse(model, asked_at, shutting_down(), std::chrono::seconds(1));
}

SubmitOutcome SyncCore::replay(std::string_view model, SteadyTime asked_at,
                               const GenerationId& holder) const {
  report_submitted(model, asked_at, SubmitKind::kReplayed);
  return Accepted{.id = holder, .replayed = true};
}

SubmitOutcome SyncCore::submit(GenerationRequest&& request) {
  const SteadyTime asked_at = options_.clock->steady_now();
  Sealing sealing = seal(std::move(request), asked_at);
  if (auto* const refused = std::get_if<SubmitOutcome>(&sealing)) return std::move(*refused);
  return submit_sealed(std::move(std::get<SealedRequest>(sealing)), asked_at);
}

SyncCore::Sealing SyncCore::seal(GenerationRequest&& request, SteadyTime asked_at) {
  if (active_.closed()) return refuse_shutting_down(request.model, asked_at);
  auto model = models_.find(request.model);
  // The model is not named by the caller's text: metrics must not grow with it.
  if (model == nullptr) return refuse("", asked_at, unknown_model(models_, request.model));
  auto sealed = seal_request(model, std::move(request), options_.admission, *ids_, *options_.clock);
  if (!sealed) return refuse(model->name, asked_at, std::move(sealed).error());
  return std::move(*sealed);
}

SubmitOutcome SyncCore::submit_sealed(SealedRequest&& sealed, SteadyTime asked_at) {
  const Model& model = *sealed.model;
  auto slots = slots_.of(model);
  // What runs is what a queue would deliver: the request goes through its envelope's text (design rule 3).
  auto delivered = decode_envelope(sealed.text);
  if (!delivered) return refuse(model.name, asked_at, std::move(delivered).error());
  const IdempotencyKey& key = sealed.key;
  const GenerationId id = delivered->id;
  GenerationStore::AddOptions adding{.max_open = sealed.envelope.request.max_open};
  if (!key.key.empty()) {
    const ClaimOutcome claim = store_.claim(key, sealed.fingerprint, id);
    if (const auto* held = std::get_if<ClaimHeld>(&claim)) return replay(model.name, asked_at, held->id);
    if (const auto* conflict = std::get_if<ClaimConflict>(&claim))
      return refuse(model.name, asked_at, key_conflict(conflict->id));
    if (const auto* full = std::get_if<shunt::generation::ClaimsFull>(&claim))
      return refuse(model.name, asked_at, claims_full(full->limit), kClaimsFullFor);
    adding.claim = std::get<ClaimWon>(claim).slot;
  }
  EventLoop* const loop = EventLoop::current();
  if (loop == nullptr)
    throw std::logic_error("GenerationExecutor::submit must be called on an event loop thread");
  auto generation = std::make_shared<Generation>(*delivered, *options_.clock, model.output, *options_.memory);
  generation->keep_envelope(std::move(sealed.text));
  MemoryReservation memory(*options_.memory, MemoryShare::kOpen);
  if (!generation->fits() || !memory.try_resize(values_of(delivered->request))) {
    if (!key.key.empty()) store_.release_claim(key, id);
    return refuse(model.name, asked_at, overloaded("open generations"), kOverloadedFor);
  }
  std::unique_ptr<RunTrace> trace;
  if (options_.tracer != nullptr) trace = options_.tracer->begin(*delivered, kPath, 1);
  auto run = std::make_shared<SyncRun>(SyncRun::Place{shared_from_this(), sealed.model, slots},
                                       std::move(*delivered), std::move(generation), *loop,
                                       options_.clock->steady_now(), sealed.timeout);
  run->keep_trace(std::move(trace));
  run->keep_memory(std::move(memory));
  SubmitOutcome outcome = place(std::move(run), *slots, asked_at, adding);
  if (!key.key.empty() && std::holds_alternative<Refused>(outcome)) store_.release_claim(key, id);
  return outcome;
}

SubmitOutcome SyncCore::place(std::shared_ptr<SyncRun> run, ModelSlots& slots, SteadyTime asked_at,
                              const GenerationStore::AddOptions& adding) {
  const GenerationId id = run->generation()->id();
  const Model& model = run->model();
  // In the store before it has a slot, because another thread may start it as soon as it stands in line.
  if (auto added = store_.add(run->generation(), adding); !added) {
    run->dismiss();
    return refuse(model.name, asked_at, std::move(added).error(), std::chrono::seconds(1));
  }
  if (!active_.add(run)) {
    run->dismiss();
    store_.withdraw(id);
    return refuse_shutting_down(model.name, asked_at);
  }
  const ModelSlots::Grant taken = slots.take(run);
  if (taken == ModelSlots::Grant::kFull) {
    run->dismiss();
    active_.remove(id);
    store_.withdraw(id);
    return refuse(model.name, asked_at, model_busy(model, static_cast<std::int64_t>(model.concurrency)),
                  slots.retry_after());
  }
  // Both before it begins, since it may end before this returns, and be evicted.
  Accepted accepted{.id = id};
  accepted.watch = run->generation()->watch({});
  report_submitted(model.name, asked_at, SubmitKind::kAccepted);
  if (watcher_ != nullptr) watcher_->placed(run->generation());
  if (taken == ModelSlots::Grant::kRunning) {
    run->begin();
  } else {
    run->wait_in_line();
  }
  return accepted;
}

void SyncCore::report_trace(const SyncRun& run) {
  if (run.trace() == nullptr) return;
  const std::string code = run.generation()->error_code();
  run.trace()->ended(
      {.state = run.generation()->state(), .error_code = code, .waited = run.waited(), .ran = run.ran()});
}

void SyncCore::run_ended(SyncRun& run) {
  const GenerationId id = run.generation()->id();
  const auto record = run.generation()->record_at_end();
  if (watcher_ != nullptr) watcher_->ended(run.generation());
  store_.finished(id);  // which may evict it at once
  if (options_.observer != nullptr) {
    const std::string id_text = id.to_string();
    const std::string code = run.generation()->error_code();
    options_.observer->ended({.id = id_text,
                              .model = run.model().name,
                              .path = kPath,
                              .state = run.generation()->state(),
                              .error_code = code,
                              .waited = run.waited(),
                              .ran = run.ran(),
                              .admission = run.envelope().admission});
    if (record && record->error) {
      options_.observer->failed(
          {.id = id_text, .model = run.model().name, .path = kPath, .error = *record->error, .worker = {}});
    }
  }
  report_trace(run);
  const std::lock_guard lock(drain_mutex_);
  if (drain_)
    ++(run.stop_reason() == StopReason::kShutdown ? drain_->report.cancelled : drain_->report.finished);
  if (active_.remove(id) == 0 && drain_) finish_drain_locked();
}

Result<CancelOutcome> SyncCore::cancel(const GenerationId& id, std::string reason) {
  if (const auto run = active_.find(id)) run->request_stop(StopReason::kCancelled, std::move(reason));
  return CancelOutcome(look_up(id));
}

FindOutcome SyncCore::look_up(const GenerationId& id) const {
  const GenerationStore::Lookup found = store_.find(id);
  if (const auto* generation = std::get_if<std::shared_ptr<Generation>>(&found)) {
    GenerationRecord record = (*generation)->record();
    // It may have been evicted since.
    if ((*generation)->discarded()) return GenerationGone{};
    return record;
  }
  if (std::holds_alternative<GenerationGone>(found)) return GenerationGone{};
  return GenerationUnknown{};
}

Result<RequestOutcome> SyncCore::request_of(const GenerationId& id) const {
  const GenerationStore::Lookup found = store_.find(id);
  if (std::holds_alternative<GenerationGone>(found)) return RequestOutcome(GenerationGone{});
  const auto* generation = std::get_if<std::shared_ptr<Generation>>(&found);
  if (generation == nullptr) return RequestOutcome(GenerationUnknown{});
  const std::string text = (*generation)->envelope_text();
  if ((*generation)->discarded()) return RequestOutcome(GenerationGone{});
  auto envelope = decode_envelope(text);
  if (!envelope) return std::move(envelope).error();
  return RequestOutcome(std::move(envelope->request));
}

RemoveOutcome SyncCore::remove(const GenerationId& id) {
  const GenerationStore::Lookup found = store_.find(id);
  if (std::holds_alternative<GenerationGone>(found)) return GenerationGone{};
  if (std::holds_alternative<GenerationUnknown>(found)) return GenerationUnknown{};
  if (store_.remove(id)) return Removed{};
  return NotEnded{};
}

void SyncCore::drain(std::chrono::milliseconds grace, std::function<void(DrainReport)> done) {
  EventLoop* const loop = EventLoop::current();
  if (loop == nullptr)
    throw std::logic_error("GenerationExecutor::drain must be called on an event loop thread");
  active_.close();
  const std::lock_guard lock(drain_mutex_);
  if (drain_) throw std::logic_error("GenerationExecutor::drain was called twice");
  drain_ = std::make_unique<Drain>(Drain{*loop, std::move(done)});
  if (active_.empty()) return finish_drain_locked();
  drain_->grace = loop->after(grace, [self = shared_from_this()] {
    for (const auto& run : self->active_.all()) {
      run->request_stop(StopReason::kShutdown, "the service is shutting down");
    }
  });
}

void SyncCore::finish_drain_locked() {
  EventLoop& loop = drain_->loop;
  loop.post([drain = std::shared_ptr<Drain>(std::move(drain_))] { drain->done(drain->report); });
}

ExecutorDescription SyncCore::describe() const {
  ExecutorDescription description{.name = "sync", .mode = "sync", .reason = {}};
  const auto oldest = active_.oldest();
  const ModelSnapshot models = models_.all();
  for (const auto& [name, slots] : slots_.all()) {
    const std::size_t running = slots->running();
    const std::size_t waiting = slots->waiting();
    if (running + waiting == 0 && models.find(name) == nullptr) continue;
    description.running += running;
    description.waiting += waiting;
    ModelDescription model{.name = name, .open = running + waiting, .workers = 1};
    model.slots = slots->concurrency();
    const auto found = oldest.find(slots.get());
    if (model.open > 0 && found != oldest.end()) {
      model.oldest_open_age = std::max(options_.clock->now() - found->second, std::chrono::milliseconds(0));
    }
    model.waiting = waiting;
    if (const auto first = slots->first_in_line())
      model.oldest_waiting_age = std::max(options_.clock->now() - *first, std::chrono::milliseconds(0));
    description.models.push_back(std::move(model));
  }
  if (active_.closed()) {
    description.health = Health::kDraining;
    description.reason = "the service is shutting down";
  }
  return description;
}

}  // namespace shunt::executor

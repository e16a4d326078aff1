#include "fleet/controller_loop.hpp"

#include <utility>

#include "fleet/awaited_answer.hpp"
#include "shunt/base/log.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::flip {
namespace {

using executor::note_caught;

constexpr std::chrono::milliseconds kBetweenTicks{20};
// While a fleet is on its way down: an acknowledgement takes milliseconds, and what is in the queue its time.
constexpr std::chrono::milliseconds kBetweenAcknowledgements{100};
constexpr std::chrono::milliseconds kBetweenDrainLooks{1'000};
// A generation that goes through the whole path.
constexpr std::chrono::milliseconds kProbePatience{60'000};

bool is_on_its_way_down(const FlipRecord& record) noexcept {
  return record.state == FlipState::kAborting || record.state == FlipState::kDraining;
}

}  // namespace

void ControllerLoop::start() {
  next_ = context_.clock.steady_now() + interval();
  ticking_ = executor::run_when_due(
      context_.loop, context_.faults, "flip_tick", kBetweenTicks, [this] { return next_; },
      [this] { return turn(); });
  going_down_ = executor::run_when_due(
      context_.loop, context_.faults, "flip_down", kBetweenTicks, [this] { return next_down_; },
      [this] { return go_on_down(); });
  record_changed();
  if (context_.options.probe) {
    probing_ = executor::run_periodically(context_.loop, context_.faults, "flip_probe",
                                          context_.options.probe_interval, [this] { return probe(); });
  }
}

void ControllerLoop::stop() {
  ticking_.stop();
  going_down_.stop();
  probing_.stop();
}

std::chrono::milliseconds ControllerLoop::interval() const {
  return context_.options.tick.value_or(acting_.record().plan.tick);
}

void ControllerLoop::record_changed() {
  next_ = std::min(next_, context_.clock.steady_now() + interval());
  ticking_.due_by(next_);
  if (!is_on_its_way_down(acting_.record())) return;
  next_down_ = context_.clock.steady_now();
  going_down_.due_by(next_down_);
}

// Decided by control(), like a tick; whoever holds the lease does it, and its figures are of no use for it.
bullmq::awaitable<void> ControllerLoop::go_on_down() {
  const FlipRecord record = acting_.record();
  next_down_ = SteadyTime::max();
  if (!is_on_its_way_down(record)) co_return;
  const bool drains = record.state == FlipState::kDraining;
  next_down_ = context_.clock.steady_now() + (drains ? kBetweenDrainLooks : kBetweenAcknowledgements);
  const std::optional<std::string> fence = follower_.fence();
  if (!fence || acting_.local().unmerged) co_return;
  const std::uint64_t version = acting_.version();
  auto looking = changer_.look(std::nullopt);
  const Result<FleetLook> look = co_await std::move(looking);
  if (!look) co_return;
  auto asking = changer_.ask_queue();
  const std::optional<QueueFacts> queue = co_await std::move(asking);
  if (acting_.version() != version) co_return;
  Figures figures;
  figures.in_flight = queue && queue->in_flight;
  const bool is_known = queue || context_.options.queue_executor == nullptr;
  FleetView fleet;
  fleet.converged = is_converged(look->processes, record.epoch);
  const TickInput input{
      .record = record, .progress = {}, .figures = is_known ? &figures : nullptr, .fleet = fleet};
  const TickOutput output = control(input);
  if (!output.event) co_return;
  Changer::TickEvent event{.event = *output.event,
                           .verdict = output.verdict,
                           .build = {},
                           .converged = fleet.converged,
                           .fence = *fence};
  auto carrying = changer_.carry_out(std::move(event));
  co_await std::move(carrying);
}

bullmq::awaitable<void> ControllerLoop::turn() {
  next_ = context_.clock.steady_now() + interval();
  try {
    auto reporting = report_counts();
    co_await std::move(reporting);
  } catch (...) {
    // The next tick writes all of it again; what a full server does not take keeps no abort from being
    // decided.
    note_caught(context_.faults, FaultLog::Source::kDuty, "flip_counts");
  }
  const std::optional<std::string> fence = follower_.fence();
  if (!fence) {
    held_.clear();
    last_tick_.reset();
    co_return;
  }
  auto ticking = tick(*fence);
  co_await std::move(ticking);
}

bullmq::awaitable<void> ControllerLoop::report_counts() {
  const std::uint64_t epoch = acting_.record().epoch;
  ProcessCounts counts = ends_.of(epoch);
  if (context_.options.shadow) {
    const ShadowCounts shadow = context_.options.shadow();
    if (shadow.epoch == epoch) put_shadow(counts, shadow);
  }
  co_await context_.records.count(epoch, ++number_, counts_text(counts));
}

void ControllerLoop::take_up(const std::string& fence, const std::optional<KeptTick>& stored,
                             std::uint64_t epoch) {
  if (std::exchange(held_, fence) != fence) {
    kept_ = stored.value_or(KeptTick{});
    evictions_known_ = stored.has_value();
    last_tick_.reset();
  }
  if (kept_.report.epoch == epoch) return;
  kept_ = KeptTick{};
  kept_.report.epoch = epoch;
  evictions_known_ = false;
}

bullmq::awaitable<void> ControllerLoop::tick(std::string fence) {
  const std::uint64_t version = acting_.version();
  const FlipRecord record = acting_.record();
  auto looking = changer_.look(record.epoch);
  const Result<FleetLook> look = co_await std::move(looking);
  auto asking = changer_.ask_queue();
  const std::optional<QueueFacts> queue = co_await std::move(asking);
  auto reading = ask_memory();
  const std::optional<MemoryFacts> memory = co_await std::move(reading);
  // What was read belongs to a record that is gone.
  if (acting_.version() != version) co_return;
  take_up(fence, look ? look->tick : std::nullopt, record.epoch);
  std::optional<Figures> figures;
  FleetView view;
  if (look) {
    const ReportWatch::Seen seen = watch_.look(*look, record.epoch);
    kept_.report.silent = seen.silent;
    kept_.report.jobs_seen = sum_of(look->counted).jobs_seen;
    figures = figures_of(*look, queue, memory, seen.traffic);
    const FleetBuild build = build_of(look->processes, queue);
    view = {.converged = is_converged(look->processes, record.epoch),
            .build = build.build,
            .builds_mixed = build.mixed};
  }
  const SteadyTime now = context_.clock.steady_now();
  // The first tick of a holder adds no time: it does not know for how long nobody has looked.
  const auto since = last_tick_ ? std::chrono::duration_cast<std::chrono::milliseconds>(now - *last_tick_)
                                : std::chrono::milliseconds(0);
  last_tick_ = now;
  TickInput input{.record = record,
                  .progress = kept_.report.progress,
                  .figures = figures ? &*figures : nullptr,
                  .fleet = view,
                  .since_last = since};
  input.fleet.preflight_passed = true;
  TickOutput output = control(input);
  if (output.event == FlipEvent::kAdvance) {
    // It takes its time, and is asked only where it decides.
    auto passing = changer_.failing_rows();
    const std::vector<std::string> failing = co_await std::move(passing);
    input.fleet.preflight_passed = failing.empty();
    output = control(input);
    if (!failing.empty()) output.verdict.why += " (" + failing.front() + ")";
  }
  auto finishing = finish(std::move(fence), std::move(output), view, version);
  co_await std::move(finishing);
}

bullmq::awaitable<void> ControllerLoop::finish(std::string fence, TickOutput output, FleetView view,
                                               std::uint64_t version) {
  ++context_.counts.ticks;
  context_.changed();
  TickReport& report = kept_.report;
  report.process = context_.process;
  report.at = context_.clock.now();
  report.progress = output.progress;
  report.verdict = output.verdict;
  report.alert = output.alert;
  if (!output.alert.empty()) {
    log::error("flip.alert", {{"place", place_text(acting_.record())}, {"why", output.alert}});
  }
  // The way down does not wait for what is written.
  const bool is_current = acting_.version() == version;
  if (output.event && is_current) {
    Changer::TickEvent event{.event = *output.event,
                             .verdict = output.verdict,
                             .build = view.build,
                             .converged = view.converged,
                             .fence = fence};
    auto carrying = changer_.carry_out(std::move(event));
    co_await std::move(carrying);
  }
  try {
    std::string text = tick_text(kept_);
    auto writing = context_.records.report(std::move(fence), std::move(text));
    const bool holds = co_await std::move(writing);
    if (!holds) follower_.follow_soon();
  } catch (...) {
    // It is kept here, for as long as this process holds the lease.
    note_caught(context_.faults, FaultLog::Source::kDuty, "flip_report");
  }
}

// No figures are better than half of them: a rollout that is seen in part is not watched.
std::optional<Figures> ControllerLoop::figures_of(const FleetLook& look,
                                                  const std::optional<QueueFacts>& queue,
                                                  const std::optional<MemoryFacts>& memory, bool traffic) {
  if (!memory || (context_.options.queue_executor != nullptr && !queue)) return std::nullopt;
  const FleetCounts counts = sum_of(look.counted);
  Figures figures;
  figures.canary = counts.sum.canary;
  figures.control = counts.sum.control;
  figures.comparisons = counts.sum.comparisons;
  figures.mismatches = counts.sum.mismatches;
  figures.probes_in_a_row = kept_.probes_in_a_row;
  figures.traffic = traffic;
  GuardFigures& guards = figures.guards;
  guards.duplicates = counts.sum.doubles;
  guards.lost = counts.sum.lost;
  guards.memory_share = memory->share;
  // A server that was started anew counts from 0.
  if (!std::exchange(evictions_known_, true) || memory->evicted < kept_.evictions)
    kept_.evictions = memory->evicted;
  guards.evictions = memory->evicted - kept_.evictions;
  guards.wait_deadline = context_.options.wait_deadline;
  if (context_.options.breaker_open_for) guards.breaker_open_for = context_.options.breaker_open_for();
  if (queue) {
    guards.oldest_waiting = queue->oldest_waiting;
    guards.leases_gone = queue->leases_gone;
    figures.in_flight = queue->in_flight;
  }
  return figures;
}

bullmq::awaitable<std::optional<MemoryFacts>> ControllerLoop::ask_memory() {
  try {
    auto asking = context_.records.memory();
    const MemoryFacts facts = co_await std::move(asking);
    co_return facts;
  } catch (...) {
    note_caught(context_.faults, FaultLog::Source::kDuty, "flip_memory");
    co_return std::nullopt;
  }
}

// The traffic of the dark stage.
bullmq::awaitable<void> ControllerLoop::probe() {
  if (!follower_.fence() || acting_state(acting_.record()) != FlipState::kDark) co_return;
  const std::uint64_t epoch = acting_.record().epoch;
  auto asking = answer_of<Result<void>>(context_.loop, context_.gate, kProbePatience, context_.options.probe);
  const std::optional<Result<void>> answer = co_await std::move(asking);
  if (kept_.report.epoch != epoch) co_return;
  const bool good = answer && answer->ok();
  kept_.probes_in_a_row = good ? kept_.probes_in_a_row + 1 : 0;
  if (good) co_return;
  log::warn("flip.probe_failed", {{"why", answer ? answer->error().message : "no answer in time"}});
}

}  // namespace shunt::flip

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "bullmq/error.hpp"
#include "bullmq/version.hpp"
#include "queue/generation_scripts.hpp"
#include "queue/queue_core.hpp"
#include "queue/queue_launch.hpp"
#include "shunt/base/log.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/event_codec.hpp"

namespace shunt::executor {
namespace {

// How often the mirrors are looked through; health and housekeeping take fewer turns.
constexpr std::chrono::milliseconds kTurn{50};
constexpr int kHealthTurns = 20;          // 1 s
constexpr int kHousekeepingTurns = 1200;  // 1 min
// One call of probe.lua looks at this many.
constexpr std::size_t kProbeBatch = 200;

Error deadline_exceeded(const Mirror& mirror, bool started) {
  const GenerationRecord record = mirror.generation->record(Generation::Detail::kSummary);
  const auto timeout = record.deadline ? (*record.deadline - record.created_at).count() : 0;
  Error error{std::string(error_code::kDeadlineExceeded),
              "the generation did not end within its timeout of " + std::to_string(timeout) + " ms" +
                  (started ? "" : "; it was still waiting for a free slot of its model"),
              true};
  return std::move(error).with("timeout_ms", timeout).with("started", started);
}

}  // namespace

// ---- What other processes tell.

void QueueCore::on_message(const std::string& id, const std::string& message) {
  const auto mirror = mirrors_.find(id);
  if (!mirror) return;
  auto events = decode_events(message);
  if (!events) {
    log::error("queue.events_not_understood", {{"id", id}, {"error", events.error().message}});
    return;
  }
  const bool was_open = !is_terminal(mirror->generation->state());
  if (mirrors_.apply(*mirror, std::move(*events), clock.steady_now()) == Mirrors::Heard::kGap) {
    launch([](std::shared_ptr<QueueCore> self,
              std::string missed) -> awaitable<void> { co_await self->resync(std::move(missed)); },
           id);
    return;
  }
  if (was_open && is_terminal(mirror->generation->state())) {
    tell_ended(*mirror);
    count_open();
  }
}

// Something was missed: the log has it all.
awaitable<void> QueueCore::resync(std::string id) {
  try {
    auto outcome = co_await read(id, true);
    const auto mirror = mirrors_.find(id);
    if (!mirror || is_terminal(mirror->generation->state())) co_return;
    auto* stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
    if (stored != nullptr) {
      mirrors_.follow(*mirror, *stored->generation);
    } else if (outcome) {
      // Redis came back without it: a restart without persistence, an eviction.
      mirror->generation->fail({std::string(error_code::kWorkerLost),
                                "Redis does not know the generation any more: it came back without its data",
                                true});
      mirrors_.count(*mirror);
    }
    if (!is_terminal(mirror->generation->state())) co_return;
    tell_ended(*mirror);
    count_open();
  } catch (const std::exception&) {
    // The next look at it tries again.
  }
}

awaitable<void> QueueCore::upkeep() {
  boost::asio::steady_timer turn(loop.context());
  for (int turns = 0; !closed_; ++turns) {
    try {
      if (turns % kHealthTurns == 0) co_await probe_health();
      if (turns % kHousekeepingTurns == 1) co_await housekeeping();
      co_await end_overdue();
      co_await look_at_silent();
      auto unwatched = mirrors_.sweep(clock.steady_now());
      if (!unwatched.empty()) co_await unwatch(std::move(unwatched));
      count_open();
    } catch (const std::exception&) {
      // Redis does not answer; health says so.
    }
    turn.expires_after(kTurn);
    co_await turn.async_wait(boost::asio::use_awaitable);
  }
}

// ---- Generations that nothing is heard of.

awaitable<void> QueueCore::look_at_silent() {
  auto due = mirrors_.due(clock.steady_now());
  for (std::size_t at = 0; at < due.size(); at += kProbeBatch) {
    const auto begin = due.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = due.begin() + static_cast<std::ptrdiff_t>(std::min(due.size(), at + kProbeBatch));
    std::vector<std::shared_ptr<Mirror>> some(begin, end);
    co_await look_at(std::move(some));
  }
}

awaitable<void> QueueCore::look_at(std::vector<std::shared_ptr<Mirror>> looked_at) {
  std::vector<std::string> script_keys{keys.base};
  std::vector<std::string> arguments;
  for (const auto& mirror : looked_at) arguments.push_back(mirror->id);
  bullmq::CommandOptions again;
  again.idempotent = true;
  const bullmq::RedisReply reply =
      co_await queries_.run(scripts::probe(), std::move(script_keys), std::move(arguments), again);
  for (std::size_t i = 0; i < looked_at.size() && i < reply.elements.size(); ++i) {
    const auto& mirror = looked_at[i];
    const auto& found = reply.elements[i].elements;
    if (is_terminal(mirror->generation->state())) continue;
    SilentGeneration silent;
    const auto state = parse_generation_state(found.at(0).text);
    silent.sequence = static_cast<std::uint64_t>(found.at(1).to_int());
    if (!state || is_terminal(*state) || silent.sequence != mirror->generation->last_sequence()) {
      co_await resync(mirror->id);
      continue;
    }
    silent.state = *state;
    // The record says queued until somebody of ours begins; the log may know of another worker.
    if (mirror->generation->state() == GenerationState::kRunning) silent.state = GenerationState::kRunning;
    silent.job = decode_job_look(found.at(2));
    silent.attempt = static_cast<std::uint64_t>(found.at(3).to_int());
    silent.seen_progress = mirror->seen_progress;
    // Between its admission and its add there is no job yet.
    if (!silent.job.exists &&
        clock.now() - mirror->generation->id().created_at() < 4 * options.queue.enqueue_deadline)
      continue;
    auto events = events_of_silent_job(silent, clock.now());
    mirror->seen_progress = silent.job.progress;
    if (events.empty()) continue;
    // A worker that we only see through its job is looked at closely.
    mirror->pause = Mirrors::kFirstPause;
    co_await conclude(mirror->id, std::to_string(silent.attempt), std::move(events));
  }
}

// Deadlines are the workers' business once they have begun. One that waits, or whose worker is lost and not
// found by another one, ends here.
awaitable<void> QueueCore::end_overdue() {
  const SteadyTime now = clock.steady_now();
  const auto lost_after = options.queue.lock_duration + 2 * options.queue.stalled_interval;
  for (const auto& mirror : mirrors_.overdue(now)) {
    const bool running = mirror->generation->state() == GenerationState::kRunning;
    const Model* const model = models.find(mirror->model);
    const auto grace =
        running && model != nullptr ? model->stop_grace + lost_after : std::chrono::milliseconds(0);
    const bool overdue = mirror->deadline != SteadyTime::max() && now >= mirror->deadline + grace;
    const bool never_stopped = mirror->cancel_requested && now >= mirror->cancelled_at + grace;
    if (!overdue && !never_stopped) continue;
    const std::uint64_t next = mirror->generation->last_sequence() + 1;
    std::vector<GenerationEvent> end;
    if (overdue) {
      end.push_back({next, clock.now(), event::Failed{deadline_exceeded(*mirror, running)}});
    } else {
      end.push_back({next, clock.now(), event::Cancelled{"the worker did not stop in time"}});
    }
    const bool ended = co_await conclude(mirror->id, running ? "" : "0", std::move(end));
    if (ended) {
      co_await remove_job(mirror->model, mirror->id);
    } else {
      co_await resync(mirror->id);
    }
  }
}

awaitable<void> QueueCore::unwatch(std::vector<std::string> mirror_ids) {
  std::vector<std::string> script_keys{keys.base};
  std::vector<std::string> arguments{process};
  for (std::string& id : mirror_ids) arguments.push_back(std::move(id));
  co_await queries_.run(scripts::unwatch(), std::move(script_keys), std::move(arguments));
}

// ---- Health, housekeeping, the end.

awaitable<std::vector<ModelDescription>> QueueCore::survey() {
  const WallTime now = clock.now();
  std::vector<std::string> script_keys{keys.base};
  std::vector<std::string> arguments{process, "60000", std::to_string(now.time_since_epoch().count())};
  for (const auto& [name, queue] : queues_) {
    arguments.push_back(name);
    arguments.push_back(keys.queue(name));
  }
  const bullmq::RedisReply reply =
      co_await commands_.run(scripts::survey(), std::move(script_keys), std::move(arguments));
  std::vector<ModelDescription> seen;
  for (const auto& [name, queue] : queues_) {
    const auto& found = reply.elements.at(seen.size()).elements;
    ModelDescription model;
    model.name = name;
    model.open = static_cast<std::size_t>(found.at(0).to_int());
    const std::chrono::milliseconds oldest(found.at(1).to_int());
    // Another machine's clock may be ahead.
    if (model.open > 0)
      model.oldest_open_age = std::max(now.time_since_epoch() - oldest, std::chrono::milliseconds(0));
    model.workers = static_cast<std::size_t>(found.at(2).to_int());
    model.slots = static_cast<std::size_t>(found.at(3).to_int());
    model.waiting = static_cast<std::size_t>(found.at(4).to_int());
    if (const auto next = GenerationId::parse(found.at(5).text))
      model.oldest_waiting_age = std::max(now - next->created_at(), std::chrono::milliseconds(0));
    seen.push_back(std::move(model));
  }
  co_return seen;
}

awaitable<void> QueueCore::probe_health() {
  std::string problem;
  std::vector<ModelDescription> seen;
  try {
    seen = co_await survey();
  } catch (const std::exception& error) {
    problem = error.what();
  }
  if (problem.empty()) {
    set_health(Health::kReady, {});
    const std::lock_guard lock(health_mutex_);
    models_seen_ = std::move(seen);
  } else if (commands_.is_up() || health_ == Health::kReady) {
    note_error(problem);
    set_health(Health::kDegraded, "Redis does not take writes: " + problem);
  }
}

awaitable<void> QueueCore::housekeeping() {
  for (const auto& [name, queue] : queues_) {
    std::vector<std::string> meta{"HSET",
                                  keys.queue(name) + ":meta",
                                  "opts.maxLenEvents",
                                  std::to_string(options.queue.max_queue_events),
                                  "version",
                                  "bullmq:" + std::string(bullmq::upstream_version())};
    co_await queries_.execute(std::move(meta));
    // A generation whose record is gone does not count as open any more.
    std::vector<std::string> open{
        "ZREMRANGEBYSCORE", keys.open(name), "-inf",
        std::to_string(
            (clock.now().time_since_epoch() - models.find(name)->timeout - options.queue.retention).count())};
    co_await queries_.execute(std::move(open));
  }
  const auto forgotten = clock.now() - options.queue.claim_age;
  std::vector<std::string> index{"ZREMRANGEBYLEX", keys.index(), "-", "(" + first_id_at(forgotten)};
  co_await queries_.execute(std::move(index));
}

awaitable<DrainReport> QueueCore::drain(std::chrono::milliseconds grace) {
  DrainReport report;
  const bool cancels = options.at_drain == QueueExecutorOptions::AtDrain::kCancel;
  const auto opened = mirrors_.open();
  const SteadyTime until = clock.steady_now() + grace;
  boost::asio::steady_timer pause(loop.context());
  const auto left = [&] {
    std::size_t count = 0;
    for (const auto& mirror : opened) count += is_terminal(mirror->generation->state()) ? 0 : 1;
    return count;
  };
  while (left() > 0 && clock.steady_now() < until) {
    pause.expires_after(std::chrono::milliseconds(10));
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  report.finished = opened.size() - left();
  if (!cancels) co_return report;
  report.cancelled = left();
  for (const auto& mirror : opened) {
    if (is_terminal(mirror->generation->state())) continue;
    (void)co_await cancel(mirror->generation->id(), "the service is shutting down");
  }
  // Bounded by the models' stop_grace: whoever does not stop in it is ended without its word.
  while (left() > 0) {
    pause.expires_after(std::chrono::milliseconds(10));
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  co_return report;
}

}  // namespace shunt::executor

#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/runtime/for_each_at_once.hpp"
#include "queue/runtime/run_on_pool.hpp"
#include "queue/runtime/generation_deadline.hpp"
#include "queue/services/queue_core.hpp"
#include "queue/runtime/redis_fault.hpp"
#include "queue/services/retention_interval.hpp"
#include "shunt/base/log.hpp"

namespace shunt::executor {
namespace {

// Things that are due are done together, with at least this long in between.
constexpr std::chrono::milliseconds kTurn{50};
constexpr std::chrono::seconds kHealth{1};
constexpr std::chrono::seconds kServerLook{10};
constexpr std::chrono::seconds kHousekeeping{60};
constexpr std::chrono::seconds kExpiry{15};
// One round of housekeeping looks at so many pages of so many generations of a queue that have not ended.
constexpr std::size_t kSettleBatch = 200;
constexpr std::size_t kSettlePages = 50;
// What is stored belongs to a generation that may still run for as long as its model lets it, and clocks of
// machines differ.
constexpr std::chrono::minutes kExpirySlack{10};

}  // namespace

void QueueCore::do_every(std::string name, std::chrono::milliseconds interval, Part part) {
  duties_.run_periodically(std::move(name), interval, [weak = weak_from_this(), part]() -> awaitable<void> {
    const auto self = weak.lock();
    if (!self) co_return;
    co_await (self.get()->*part)();
  });
}

void QueueCore::do_when_due(std::string name, SteadyTime (Replicas::*next)() const noexcept, Part part) {
  duties_.run_when_due(
      std::move(name), kTurn,
      [weak = weak_from_this(), next] {
        const auto self = weak.lock();
        return self ? (self->replicas_.*next)() : SteadyTime::max();
      },
      [weak = weak_from_this(), part]() -> awaitable<void> {
        const auto self = weak.lock();
        if (!self) co_return;
        co_await (self.get()->*part)();
      });
}

void QueueCore::start_duties() {
  do_every("health", kHealth, &QueueCore::probe_health);
  do_every("server", kServerLook, &QueueCore::learn_server);
  do_every("plain_workers", kServerLook, &QueueCore::look_for_plain_workers);
  do_when_due(kOverdue, &Replicas::next_deadline, &QueueCore::end_overdue);
  do_when_due(kSilent, &Replicas::next_look, &QueueCore::look_at_silent);
  do_when_due(kSweep, &Replicas::next_unused, &QueueCore::sweep_replicas);
  do_every("queues", kHousekeeping, &QueueCore::keep_queues);
  do_every("settle", kHousekeeping, &QueueCore::settle_queues);
  const auto retention = retention_interval(options.queue);
  do_every("retention", retention, &QueueCore::enforce_retention);
  do_every("old_ids", retention, &QueueCore::forget_old_ids);
  do_every("adopt", kHousekeeping, &QueueCore::adopt_all);
  do_every("released_artifacts", retention, &QueueCore::remove_released);
  do_every("expire_artifacts", kExpiry, &QueueCore::expire_artifacts);
}

void QueueCore::mind(const Replica& replica) {
  duties_.due_by(kOverdue, replica.deadline);
  duties_.due_by(kSilent, replica.next_look);
  duties_.due_by(kSweep, replica.last_used + Replicas::kLinger);
}

awaitable<void> QueueCore::sweep_replicas() {
  auto unwatched = replicas_.take_unused(clock.steady_now());
  // One call in the same turn as the sweep, and never sent again: a watch that comes afterwards is entered
  // behind it.
  if (!unwatched.empty()) co_await records_.unwatch(std::move(unwatched));
}

awaitable<void> QueueCore::probe_health() {
  std::string problem;
  std::vector<ModelDescription> seen;
  try {
    std::vector<std::string> names;
    for (const auto& [name, queue] : queues_) names.push_back(name);
    auto answered = co_await submitting_.probe_health(std::move(names));
    seen = value_or_throw(std::move(answered));
  } catch (const std::exception& error) {
    note_caught(faults, FaultLog::Source::kDuty, "health");
    problem = error.what();
  }
  if (problem.empty()) {
    set_health(Health::kReady, {});
    for (ModelDescription& model : seen) model.plain_workers = plain_workers_of(model.name);
    note_unserved(seen);
    const std::lock_guard lock(health_mutex_);
    models_seen_ = std::move(seen);
    models_seen_at_ = clock.now();
  } else if (commands_.is_up() || health_ == Health::kReady) {
    note_error(problem);
    set_health(Health::kDegraded, "Redis does not take writes: " + problem);
  }
}

// What BullMQ's clients read of a queue.
awaitable<void> QueueCore::keep_queues() {
  for (const auto& [name, queue] : queues_) {
    try {
      co_await queue_keys_.write_meta(keys.queue(name), options.queue.max_queue_events);
    } catch (...) {
      note_part(faults, "queues");
    }
  }
}

awaitable<void> QueueCore::settle_queues() {
  for (const auto& [name, queue] : queues_) {
    try {
      co_await settle_open(name);
    } catch (...) {
      note_part(faults, "settle");
    }
  }
}

// Generations that nobody watches end too: those whose time is over, and those whose job is gone. The oldest
// come first; what ends leaves the list, and what stays is passed over.
awaitable<void> QueueCore::settle_open(std::string model) {
  std::size_t passed = 0;
  for (std::size_t page = 0; page < kSettlePages; ++page) {
    const SettledPage settled = co_await settle_page(model, passed);
    if (settled.looked_at < kSettleBatch) co_return;
    passed += settled.looked_at - settled.ended;
  }
}

awaitable<QueueCore::SettledPage> QueueCore::settle_page(std::string model, std::size_t from) {
  const WallTime until = clock.now() - missing_after(options.queue);
  const std::vector<std::string> generations = co_await records_.open_before(model, until, from, kSettleBatch);
  if (generations.empty()) co_return SettledPage{};
  std::vector<std::string> copy = generations;
  auto answered = co_await records_.look_at_jobs(std::move(copy));
  const auto answers = value_or_throw(std::move(answered));
  const auto timeout = models.find(model)->timeout;
  std::vector<std::string> expired;
  std::vector<std::string> ending;
  for (std::size_t i = 0; i < generations.size(); ++i) {
    const Result<JobLookAnswer>& found = answers[i];
    if (!found) {
      broken_.tell("record", generations[i], found.error().message);
      continue;
    }
    if (std::holds_alternative<RecordExpired>(*found)) {
      expired.push_back(generations[i]);
      continue;
    }
    const auto id = GenerationId::parse(generations[i]);
    const bool late = !id || clock.now() - id->created_at() > timeout;
    const auto* const looked_at = std::get_if<LookedAt>(&*found);
    if (late || looked_at == nullptr || !looked_at->job.exists || looked_at->job.finished_on)
      ending.push_back(generations[i]);
  }
  SettledPage page{generations.size(), expired.size()};
  if (page.ended > 0) co_await records_.drop_open(model, std::move(expired));
  page.ended += co_await settle_together(std::move(ending));
  co_return page;
}

// Their calls of Redis leave together, and the ends that they write share calls.
awaitable<std::size_t> QueueCore::settle_together(std::vector<std::string> generations) {
  const auto ended = std::make_shared<std::size_t>(0);
  std::function<awaitable<void>(std::string)> settle_one = [weak = weak_from_this(),
                                                            ended](std::string id) -> awaitable<void> {
    const auto self = weak.lock();
    if (!self) co_return;
    const auto outcome = co_await self->read(std::move(id), false);
    const auto* const stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
    if (stored == nullptr) co_return;
    const bool settled = co_await self->settle(*stored);
    if (settled) ++*ended;
  };
  co_await for_each_at_once<std::string>(loop, faults, "settle", std::move(generations), kAtOnce,
                                         std::move(settle_one));
  co_return *ended;
}

// A part each time, on a thread that may block, while the upkeep goes on.
awaitable<void> QueueCore::expire_artifacts() {
  std::chrono::milliseconds longest{0};
  for (const auto& [name, model] : models.all()) longest = std::max(longest, model.timeout);
  const auto age = longest + options.queue.retention + kExpirySlack;
  ArtifactStore* const store = &artifacts;
  std::function<Result<std::size_t>()> work = [store, age] { return store->expire(age); };
  const Result<std::size_t> expired = co_await run_on(files_, std::move(work));
  if (!expired) {
    log::warn("artifacts.not_expired", {{"error", expired.error().message}});
  } else if (*expired > 0) {
    log::info("artifacts.expired", {{"count", *expired}});
  }
}

}  // namespace shunt::executor

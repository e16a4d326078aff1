// What is kept no longer leaves Redis. Records expire by themselves. BullMQ removes an ended job only when
// the next one of its queue ends the same way, its event stream keeps return values until it is long, and a
// queue whose model is configured no longer is nobody's: those are looked after here, a bounded piece at a
// time.
#include <algorithm>
#include <functional>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/runtime/run_on_pool.hpp"
#include "queue/services/queue_core.hpp"
#include "queue/runtime/redis_fault.hpp"
#include "queue/services/retention_interval.hpp"
#include "shunt/base/log.hpp"

namespace shunt::executor {
namespace {

using std::chrono::milliseconds;

// Of one round: jobs that are cleaned of a queue's completed ones, and of its failed ones; calls that look
// for queues; looks at a queue's jobs that wait, each at so many of every list; calls that adopt.
constexpr std::int64_t kMostCleaned = 10'000;
constexpr int kScans = 20;
constexpr int kStrayLooks = 10;
constexpr std::size_t kStrayCount = 200;
constexpr int kAdoptionCalls = 40;
constexpr int kReleaseLooks = 20;

}  // namespace

// The round's interval is the retention, within bounds.
milliseconds retention_interval(const QueueOptions& options) {
  constexpr milliseconds kShortest{1'000};
  constexpr milliseconds kLongest{60'000};
  return std::clamp(options.retention, kShortest, kLongest);
}

awaitable<void> QueueCore::enforce_retention() {
  co_await discover_queues();
  const std::set<std::string> queues = co_await known_queues();
  for (const std::string& queue : queues) {
    // One that cannot be cleaned does not keep the others.
    try {
      co_await clean_queue(queue);
      co_await remove_strays(queue);
    } catch (...) {
      note_part(faults, "retention");
    }
  }
}

awaitable<void> QueueCore::adopt_all() {
  (void)co_await adopt(kAdoptionCalls);
}

awaitable<void> QueueCore::forget_old_ids() {
  std::string position = callers_position_;
  callers_position_ = co_await listing_.trim(clock.now() - options.queue.claim_age, std::move(position));
}

// Bytes in the artifact store of generations whose records are gone.
awaitable<void> QueueCore::remove_released() {
  for (int look = 0; look < kReleaseLooks; ++look) {
    std::string position = files_position_;
    auto answered = co_await listing_.release(std::move(position));
    const ReleaseAnswer answer = value_or_throw(std::move(answered));
    files_position_ = answer.next;
    for (const std::string& digest : answer.digests) {
      ArtifactStore* const store = &artifacts;
      std::function<Result<void>()> work = [store, digest] { return store->remove(digest); };
      const Result<void> removed = co_await run_on(files_, std::move(work));
      if (!removed) log::warn("artifacts.not_removed", {{"error", removed.error().message}});
      co_await listing_.finish_release(digest);
    }
    if (files_position_ == kScanEnd) co_return;
  }
}

// Queues of models that only an earlier configuration had, or only a producer has: by their keys.
awaitable<void> QueueCore::discover_queues() {
  for (int scan = 0; scan < kScans; ++scan) {
    std::string position = scan_position_;
    scan_position_ = co_await listed_queues_.discover(std::move(position));
    if (scan_position_ == kScanEnd) break;
  }
}

awaitable<std::set<std::string>> QueueCore::known_queues() {
  std::set<std::string> queues = co_await listed_queues_.known();
  for (const auto& [model, queue] : queues_) queues.insert(keys.queue(model));
  co_return queues;
}

awaitable<void> QueueCore::clean_queue(std::string queue_key) {
  bullmq::Queue queue = listed_queues_.queue(queue_key);
  const WallTime oldest = clock.now() - options.queue.retention;
  for (const bullmq::JobState state : {bullmq::JobState::completed, bullmq::JobState::failed}) {
    // Cleaning is an event for BullMQ's clients, also where there was nothing to clean.
    const bool completed = state == bullmq::JobState::completed;
    const auto how = completed ? QueueKeyspace::Ended::kCompleted : QueueKeyspace::Ended::kFailed;
    const std::size_t old = co_await listed_queues_.ended_before(queue_key, how, oldest);
    if (old == 0) continue;
    bullmq::CleanOptions ended;
    ended.grace = options.queue.retention;
    ended.limit = kMostCleaned;
    ended.state = state;
    (void)co_await queue.clean(ended);
  }
  co_await listed_queues_.trim_events(queue_key, oldest);
}

// Jobs whose generations have ended, or are gone, and which nobody could remove then.
awaitable<void> QueueCore::remove_strays(std::string queue_key) {
  std::size_t& from = strays_from_[queue_key];
  for (int look = 0; look < kStrayLooks; ++look) {
    auto answered = co_await listing_.strays(queue_key, from, kStrayCount);
    StraysAnswer answer = value_or_throw(std::move(answered));
    for (std::string& id : answer.ids) {
      const bool removed = co_await remove_job(queue_key, std::move(id));
      if (removed) log::debug("queue.stray_removed", {{"queue", queue_key}});
    }
    from = answer.more ? from + kStrayCount : 0;
    if (!answer.more) co_return;
  }
}

}  // namespace shunt::executor

#include "queue/services/record_cleanup.hpp"

#include <algorithm>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/services/retention_interval.hpp"
#include "shunt/base/log.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kMetaInterval{60};
// Bounds one round: jobs that are cleaned of a queue's completed and of its failed ones; calls that look
// for queues; looks at a queue's jobs that wait, each at so many of every list.
constexpr std::int64_t kMostCleaned = 10'000;
constexpr int kScans = 20;
constexpr int kStrayLooks = 10;
constexpr std::size_t kStrayCount = 200;

}  // namespace

// The round's interval is the retention, within bounds.
milliseconds retention_interval(const QueueOptions& options) {
  constexpr milliseconds kShortest{1'000};
  constexpr milliseconds kLongest{60'000};
  return std::clamp(options.retention, kShortest, kLongest);
}

void RecordCleanup::start() {
  const auto interval = retention_interval(context_.options.queue);
  metas_ = run_periodically(context_.loop, context_.faults, "queues", kMetaInterval,
                            [this] { return write_metas(); });
  cleaning_ = run_periodically(context_.loop, context_.faults, "retention", interval,
                               [this] { return clean_queues(); });
  trimming_ =
      run_periodically(context_.loop, context_.faults, "old_ids", interval, [this] { return trim_ids(); });
}

void RecordCleanup::stop() {
  metas_.stop();
  cleaning_.stop();
  trimming_.stop();
}

awaitable<void> RecordCleanup::write_metas() {
  for (const std::string& model : context_.model_names()) {
    try {
      co_await context_.queues.write_meta(context_.keys.queue(model),
                                          context_.options.queue.max_queue_events);
    } catch (...) {
      note_part(context_.faults, "queues");
    }
  }
}

awaitable<void> RecordCleanup::clean_queues() {
  co_await discover_queues();
  std::set<std::string> queues = co_await context_.listed_queues.known();
  for (const auto& [model, timeout] : context_.timeouts()) queues.insert(context_.keys.queue(model));
  for (const std::string& queue : queues) {
    // One that cannot be cleaned does not keep the others.
    try {
      co_await clean_queue(queue);
      co_await remove_strays(queue);
    } catch (...) {
      note_part(context_.faults, "retention");
    }
  }
}

// Queues of models that only an earlier configuration had, or only a producer has: by their keys.
awaitable<void> RecordCleanup::discover_queues() {
  for (int scan = 0; scan < kScans; ++scan) {
    std::string position = scan_position_;
    scan_position_ = co_await context_.listed_queues.discover(std::move(position));
    if (scan_position_ == kScanEnd) break;
  }
}

awaitable<void> RecordCleanup::clean_queue(std::string queue_key) {
  bullmq::Queue queue = context_.listed_queues.queue(queue_key);
  const WallTime oldest = context_.clock.now() - context_.options.queue.retention;
  for (const bullmq::JobState state : {bullmq::JobState::completed, bullmq::JobState::failed}) {
    // Cleaning is an event for BullMQ's clients, also where there was nothing to clean.
    const auto how = state == bullmq::JobState::completed ? QueueKeyspace::Ended::kCompleted
                                                          : QueueKeyspace::Ended::kFailed;
    const std::size_t old = co_await context_.listed_queues.ended_before(queue_key, how, oldest);
    if (old == 0) continue;
    bullmq::CleanOptions ended;
    ended.grace = context_.options.queue.retention;
    ended.limit = kMostCleaned;
    ended.state = state;
    (void)co_await queue.clean(ended);
  }
  co_await context_.listed_queues.trim_events(queue_key, oldest);
}

// Jobs whose generations have ended, or are gone, and which nobody could remove then.
awaitable<void> RecordCleanup::remove_strays(std::string queue_key) {
  std::size_t& from = strays_from_[queue_key];
  for (int look = 0; look < kStrayLooks; ++look) {
    auto answered = co_await context_.list_records.strays(queue_key, from, kStrayCount);
    StraysAnswer answer = value_or_throw(std::move(answered));
    for (std::string& id : answer.ids) {
      const bool removed = co_await jobs_.remove(queue_key, std::move(id));
      if (removed) log::debug("queue.stray_removed", {{"queue", queue_key}});
    }
    from = answer.more ? from + kStrayCount : 0;
    if (!answer.more) co_return;
  }
}

// Ids that are remembered no longer.
awaitable<void> RecordCleanup::trim_ids() {
  const WallTime oldest = context_.clock.now() - context_.options.queue.claim_age;
  std::string position = callers_position_;
  callers_position_ = co_await context_.list_records.trim(oldest, std::move(position));
}

}  // namespace shunt::executor

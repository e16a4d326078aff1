// What is kept no longer leaves Redis. Records expire by themselves. BullMQ removes an ended job only when
// the next one of its queue ends the same way, its event stream keeps return values until it is long, and a
// queue whose model is configured no longer is nobody's: those are looked after here, a bounded piece at a
// time.
#include <algorithm>
#include <functional>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/runtime/run_on_pool.hpp"
#include "queue/records/generation_scripts.hpp"
#include "queue/services/queue_core.hpp"
#include "queue/runtime/redis_fault.hpp"
#include "queue/services/retention_interval.hpp"
#include "queue/records/script_answers.hpp"
#include "shunt/base/log.hpp"

namespace shunt::executor {
namespace {

using std::chrono::milliseconds;

// Of one round: jobs that are cleaned of a queue's completed ones, and of its failed ones; calls that look
// for queues; looks at a queue's jobs that wait, each at so many of every list; calls that adopt.
constexpr std::int64_t kMostCleaned = 10'000;
constexpr int kScans = 20;
constexpr const char* kScanCount = "1000";
constexpr int kStrayLooks = 10;
constexpr std::size_t kStrayCount = 200;
constexpr int kAdoptionCalls = 40;
constexpr int kReleaseLooks = 20;
// Longer than a removal takes, with all the tries of a bucket's.
constexpr const char* kRemovalMs = "120000";

// As a pattern of Redis that means exactly this text.
std::string literally(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view("*?[]\\").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

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
  std::vector<std::string> script_keys = keys.of_scripts();
  std::vector<std::string> arguments{first_id_at(clock.now() - options.queue.claim_age), callers_position_};
  const bullmq::RedisReply reply =
      co_await lists_.run(scripts::trim(), std::move(script_keys), std::move(arguments));
  callers_position_ = whole_number(reply) ? reply.text : "0";
}

// Bytes in the artifact store of generations whose records are gone.
awaitable<void> QueueCore::remove_released() {
  for (int look = 0; look < kReleaseLooks; ++look) {
    std::vector<std::string> script_keys = keys.of_scripts();
    std::vector<std::string> arguments{files_position_, kRemovalMs};
    const bullmq::RedisReply reply =
        co_await lists_.run(scripts::release(), std::move(script_keys), std::move(arguments));
    const auto answer = decode_release(reply);
    if (!answer) throw bullmq::RedisError(answer.error().message);
    files_position_ = answer->next;
    for (const std::string& digest : answer->digests) {
      ArtifactStore* const store = &artifacts;
      std::function<Result<void>()> work = [store, digest] { return store->remove(digest); };
      const Result<void> removed = co_await run_on(files_, std::move(work));
      if (!removed) log::warn("artifacts.not_removed", {{"error", removed.error().message}});
      std::vector<std::string> done{"DEL", keys.base + "going:" + digest};
      co_await lists_.execute(std::move(done));
    }
    if (files_position_ == "0") co_return;
  }
}

// Queues of models that only an earlier configuration had, or only a producer has: by their keys.
awaitable<void> QueueCore::discover_queues() {
  const std::string end = ":meta";
  for (int scan = 0; scan < kScans; ++scan) {
    std::vector<std::string> command{"SCAN",  scan_position_, "MATCH", literally(keys.prefix) + ":*" + end,
                                     "COUNT", kScanCount};
    const bullmq::RedisReply reply = co_await lists_.execute(std::move(command));
    if (reply.elements.size() != 2 || !whole_number(reply.elements[0])) break;
    scan_position_ = reply.elements[0].text;
    std::vector<std::string> found{"SADD", keys.queues()};
    for (const bullmq::RedisReply& key : reply.elements[1].elements) {
      if (key.is_text() && key.text.size() > end.size())
        found.push_back(key.text.substr(0, key.text.size() - end.size()));
    }
    if (found.size() > 2) co_await lists_.execute(std::move(found));
    if (scan_position_ == "0") break;
  }
}

awaitable<std::set<std::string>> QueueCore::known_queues() {
  // More models than any deployment has; what is beyond comes by chance in another round.
  std::vector<std::string> command{"SRANDMEMBER", keys.queues(), "1000"};
  const bullmq::RedisReply reply = co_await lists_.execute(std::move(command));
  std::set<std::string> queues;
  for (const auto& [model, queue] : queues_) queues.insert(keys.queue(model));
  const std::string prefix = keys.prefix + ':';
  for (const bullmq::RedisReply& element : reply.elements) {
    // A queue's name has no colon, and is not empty.
    const bool ours = element.is_text() && element.text.starts_with(prefix) &&
                      element.text.size() > prefix.size() &&
                      element.text.find(':', prefix.size()) == std::string::npos;
    if (ours) queues.insert(element.text);
  }
  co_return queues;
}

awaitable<void> QueueCore::clean_queue(std::string queue_key) {
  bullmq::Queue queue = queue_at(queue_key);
  const auto oldest = (clock.now() - options.queue.retention).time_since_epoch().count();
  for (const bullmq::JobState state : {bullmq::JobState::completed, bullmq::JobState::failed}) {
    // Cleaning is an event for BullMQ's clients, also where there was nothing to clean.
    const bool completed = state == bullmq::JobState::completed;
    std::vector<std::string> count{"ZCOUNT", queue_key + (completed ? ":completed" : ":failed"), "-inf",
                                   std::to_string(oldest)};
    const bullmq::RedisReply old = co_await lists_.execute(std::move(count));
    if (old.to_int() == 0) continue;
    bullmq::CleanOptions ended;
    ended.grace = options.queue.retention;
    ended.limit = kMostCleaned;
    ended.state = state;
    (void)co_await queue.clean(ended);
  }
  // Its entries carry return values and reasons.
  std::vector<std::string> events{"XTRIM", queue_key + ":events", "MINID", std::to_string(oldest)};
  co_await lists_.execute(std::move(events));
}

// Jobs whose generations have ended, or are gone, and which nobody could remove then.
awaitable<void> QueueCore::remove_strays(std::string queue_key) {
  std::size_t& from = strays_from_[queue_key];
  for (int look = 0; look < kStrayLooks; ++look) {
    std::vector<std::string> script_keys = keys.of_scripts();
    std::vector<std::string> arguments{queue_key, std::to_string(kStrayCount), std::to_string(from)};
    const bullmq::RedisReply reply =
        co_await lists_.run(scripts::strays(), std::move(script_keys), std::move(arguments));
    auto answer = decode_strays(reply);
    if (!answer) throw bullmq::RedisError(answer.error().message);
    for (std::string& id : answer->ids) {
      const bool removed = co_await remove_job(queue_key, std::move(id));
      if (removed) log::debug("queue.stray_removed", {{"queue", queue_key}});
    }
    from = answer->more ? from + kStrayCount : 0;
    if (!answer->more) co_return;
  }
}

}  // namespace shunt::executor

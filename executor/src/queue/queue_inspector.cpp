#include "shunt/executor/queue_inspector.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "bullmq/error.hpp"
#include "bullmq/queue.hpp"
#include "queue/records/inventory_records.hpp"
#include "queue/records/queue_keyspace.hpp"
#include "queue/records/script_answers.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/redis/redis_address.hpp"
#include "shunt/executor/redis/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kReachWithin{2'000};
constexpr std::size_t kScriptCalls = 200;
constexpr milliseconds kScriptCallsWithin{3'000};  // fewer calls where they are slow
constexpr std::size_t kResultsAtOnce = 500;
constexpr std::size_t kMostResults = 100'000;

// The connection of one look, and why it could not be made.
struct Look {
  Look(EventLoop& loop, const QueueOptions& queue, const GenerationKeys& keys)
      : redis(bullmq::open_connection(loop.context().get_executor(), options_of(queue)), keys.base),
        records(redis, keys),
        queues(redis, keys),
        failure(redis.on_error().subscribe([this](const std::exception& error) { why = words_of(error); })) {}
  ~Look() { redis.close(); }
  Look(const Look&) = delete;
  Look& operator=(const Look&) = delete;

  static bullmq::ConnectionOptions options_of(const QueueOptions& queue) {
    bullmq::ConnectionOptions options = connection_options(queue);
    options.command_timeout = kReachWithin;
    options.connect_timeout = kReachWithin;
    options.client_name = "shunt:inspect";
    return options;
  }

  bullmq::Redis redis;
  InventoryRecords records;
  QueueKeyspace queues;
  std::string why;
  bullmq::Subscription failure;
};

// What the last attempt to connect was told says more than that no answer came.
Error unusable(const Look& look, const std::exception& error) {
  return {error_code::kQueueUnavailable, look.why.empty() ? words_of(error) : look.why, Retryable::kYes};
}

class Inspector final : public QueueInspector {
 public:
  Inspector(QueueOptions options, const Clock& clock)
      : options_(std::move(options)), keys_(options_.prefix), clock_(clock), threads_(1) {}

  ~Inspector() override {
    threads_.at(0).run_on_thread([this] {
      for (Look* const look : looks_) look->redis.close();
    });
    std::unique_lock lock(mutex_);
    all_ended_.wait(lock, [this] { return under_way_ == 0; });
  }

  void read_server(std::function<void(Result<ServerReading>)> done) override {
    launch<ServerReading>([this](Look& look) { return look_at_server(look); }, std::move(done));
  }
  void read_contents(std::vector<std::string> models,
                     std::function<void(Result<QueueContents>)> done) override {
    launch<QueueContents>(
        [this, models = std::move(models)](Look& look) { return look_at_contents(look, models); },
        std::move(done));
  }

 private:
  template <typename T>
  using Work = std::function<awaitable<T>(Look&)>;

  // One look, whatever it finds.
  template <typename T>
  awaitable<void> carry_out(Work<T> work, std::function<void(Result<T>)> done) {
    Result<T> result = T();
    {
      Look look(threads_.at(0), options_, keys_);
      looks_.insert(&look);
      try {
        result = co_await work(look);
      } catch (const std::exception& error) {
        result = unusable(look, error);
      }
      looks_.erase(&look);
    }
    done(std::move(result));
  }
  template <typename T>
  void launch(Work<T> work, std::function<void(Result<T>)> done) {
    {
      const std::lock_guard lock(mutex_);
      ++under_way_;
    }
    boost::asio::co_spawn(threads_.at(0).context(), carry_out<T>(std::move(work), std::move(done)),
                          [this](const std::exception_ptr&) {
                            const std::lock_guard lock(mutex_);
                            if (--under_way_ == 0) all_ended_.notify_all();
                          });
  }

  awaitable<ServerReading> look_at_server(Look& look);
  awaitable<QueueContents> look_at_contents(Look& look, std::vector<std::string> models);
  awaitable<void> time_scripts(InventoryRecords& records, std::vector<microseconds>& calls);
  awaitable<void> read_clock(InventoryRecords& records, std::optional<milliseconds>& skew);
  static awaitable<void> read_rules(InventoryRecords& records,
                                    std::optional<std::vector<std::string>>& refused);
  static awaitable<QueueContents::Queue> count_queue(Look& look, std::string queue_key, std::string model);
  awaitable<void> count_results(InventoryRecords& records, QueueContents& contents);
  awaitable<void> count_keys(InventoryRecords& records, QueueContents& contents);

  const QueueOptions options_;
  const GenerationKeys keys_;
  const Clock& clock_;
  std::set<Look*> looks_;  // touched by the loop's thread alone
  std::mutex mutex_;
  std::condition_variable all_ended_;
  std::size_t under_way_ = 0;  // guarded by the mutex
  EventLoopThreads threads_;
};

awaitable<ServerReading> Inspector::look_at_server(Look& look) {
  ServerReading reading;
  const SteadyTime asked_at = clock_.steady_now();
  co_await look.records.ping();
  reading.reached_in = duration_cast<milliseconds>(clock_.steady_now() - asked_at);
  try {
    reading.info = co_await look.records.info();
  } catch (const bullmq::RedisError&) {
    reading.info.clear();  // The host forbids it, which its rows then say.
  }
  co_await read_clock(look.records, reading.clock_skew);
  co_await time_scripts(look.records, reading.script_calls);
  if (!reading.script_calls.empty()) co_await read_rules(look.records, reading.refused_commands);
  co_return reading;
}

awaitable<void> Inspector::read_clock(InventoryRecords& records, std::optional<milliseconds>& skew) {
  try {
    const WallTime before = clock_.now();
    const WallTime theirs = co_await records.server_time();
    const WallTime after = clock_.now();
    const milliseconds ahead = theirs - (before + (after - before) / 2);
    skew = std::chrono::abs(ahead);
  } catch (const bullmq::RedisError&) {
    skew.reset();  // As for INFO.
  }
}

awaitable<void> Inspector::read_rules(InventoryRecords& records,
                                      std::optional<std::vector<std::string>>& refused) {
  try {
    std::optional<std::vector<std::string>> answer = co_await records.refused_commands();
    refused = std::move(answer);
  } catch (const bullmq::RedisError&) {
    refused.reset();  // As for INFO.
  }
}

awaitable<void> Inspector::time_scripts(InventoryRecords& records, std::vector<microseconds>& calls) {
  const SteadyTime until = clock_.steady_now() + kScriptCallsWithin;
  try {
    co_await records.call_script();  // The first one may have to load it.
    while (calls.size() < kScriptCalls && clock_.steady_now() < until) {
      const SteadyTime begun = clock_.steady_now();
      co_await records.call_script();
      calls.push_back(duration_cast<microseconds>(clock_.steady_now() - begun));
    }
  } catch (const bullmq::RedisError&) {
    calls.clear();  // As for INFO.
  }
}

awaitable<QueueContents::Queue> Inspector::count_queue(Look& look, std::string queue_key, std::string model) {
  using bullmq::JobState;
  bullmq::Queue queue = look.queues.queue(queue_key);
  std::map<JobState, std::int64_t> counts = co_await queue.job_counts();
  const auto of = [&counts](JobState state) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(counts[state], 0));
  };
  QueueContents::Queue found;
  found.model = std::move(model);
  found.waiting = of(JobState::waiting) + of(JobState::paused) + of(JobState::prioritized) +
                  of(JobState::waiting_children);
  found.active = of(JobState::active);
  found.delayed = of(JobState::delayed);
  const std::uint64_t listed = found.waiting + found.active + found.delayed;
  const std::uint64_t open = co_await look.records.open(std::move(queue_key));
  found.awaited = open > listed ? open - listed : 0;
  co_return found;
}

awaitable<void> Inspector::count_results(InventoryRecords& records, QueueContents& contents) {
  milliseconds longest{0};
  std::string after;
  std::size_t looked_at = 0;
  do {
    InventoryRecords::Kept some = co_await records.results(std::move(after), kResultsAtOnce);
    contents.results += some.count;
    longest = std::max(longest, some.longest);
    after = std::move(some.next);
    looked_at += kResultsAtOnce;
  } while (!after.empty() && looked_at < kMostResults);
  contents.at_least = !after.empty();
  if (contents.results > 0) contents.results_until = clock_.now() + longest;
}

awaitable<void> Inspector::count_keys(InventoryRecords& records, QueueContents& contents) {
  milliseconds longest{0};
  std::string position(kScanEnd);
  std::vector<std::string> callers{""};  // Who has no key is a caller, too, and on no list.
  do {
    InventoryRecords::Callers some = co_await records.callers(std::move(position));
    callers.insert(callers.end(), some.names.begin(), some.names.end());
    position = std::move(some.next);
    const InventoryRecords::Kept kept = co_await records.idempotency_keys(std::exchange(callers, {}));
    contents.keys += kept.count;
    longest = std::max(longest, kept.longest);
  } while (position != kScanEnd);
  if (contents.keys > 0) contents.keys_until = clock_.now() + longest;
}

awaitable<QueueContents> Inspector::look_at_contents(Look& look, std::vector<std::string> models) {
  QueueContents contents;
  std::set<std::string> queues = co_await look.queues.known();
  for (const std::string& model : models) queues.insert(keys_.queue(model));
  for (const std::string& queue_key : queues) {
    std::string model = model_of_queue(std::string_view(queue_key).substr(keys_.prefix.size() + 1));
    QueueContents::Queue found = co_await count_queue(look, queue_key, std::move(model));
    contents.queues.push_back(std::move(found));
  }
  co_await count_results(look.records, contents);
  co_await count_keys(look.records, contents);
  co_return contents;
}

}  // namespace

std::unique_ptr<QueueInspector> make_queue_inspector(QueueOptions options, const Clock& clock) {
  return std::make_unique<Inspector>(std::move(options), clock);
}

}  // namespace shunt::executor

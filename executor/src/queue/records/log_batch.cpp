#include "queue/records/log_batch.hpp"

#include <string_view>
#include <utility>

#include "queue/records/generation_scripts.hpp"
#include "shunt/base/json.hpp"
#include "shunt/generation/event_codec.hpp"

namespace shunt::executor {
namespace {

// An inbox that nobody has written to for so long belongs to a process that is gone, or is empty.
constexpr const char* kInboxTtlMs = "60000";
constexpr std::chrono::milliseconds kBreath{5};

AppendAnswer to_answer(const bullmq::RedisReply& reply) {
  constexpr std::string_view kCancel = "cancel:";
  if (!reply.is_text()) return {};
  if (reply.text == "ok") return {true, std::nullopt};
  if (reply.text.starts_with(kCancel)) return {true, to_valid_utf8(reply.text.substr(kCancel.size()))};
  return {};
}

CallGroupOptions grouping(const GenerationKeys& keys, const QueueOptions& options, WorkerObserver* observer) {
  CallGroupOptions grouped;
  grouped.keys = keys.of_scripts();
  grouped.common = [entries = std::to_string(options.max_inbox_entries)] {
    return std::vector<std::string>{entries, kInboxTtlMs};
  };
  grouped.idempotent = true;
  grouped.breath = kBreath;
  if (observer != nullptr) {
    grouped.on_call = [observer](const CallMade& call) {
      observer->appended(
          {.batches = call.items, .bytes = call.bytes, .took = call.took, .failed = call.failed});
    };
  }
  return grouped;
}

}  // namespace

LogBatch make_batch(std::string id, std::string attempt, const std::vector<GenerationEvent>& events) {
  LogBatch batch;
  batch.id = std::move(id);
  batch.attempt = std::move(attempt);
  batch.first = events.front().sequence;
  batch.count = events.size();
  batch.events = encode_events(events);
  if (events.back().terminal()) batch.ending = events.back().type();
  return batch;
}

LogWriter::LogWriter(EventLoop& loop, bullmq::Redis redis, const GenerationKeys& keys,
                     const QueueOptions& options, WorkerObserver* observer)
    : retention_ms_(std::to_string(options.retention.count())),
      calls_(std::make_shared<CallGroup>(loop, std::move(redis), scripts::append(),
                                         grouping(keys, options, observer))) {}

bullmq::awaitable<AppendAnswer> LogWriter::append(LogBatch batch) {
  std::vector<std::string> arguments;
  arguments.reserve(7);
  arguments.push_back(std::move(batch.id));
  arguments.push_back(std::move(batch.attempt));
  arguments.push_back(std::to_string(batch.first));
  arguments.push_back(std::to_string(batch.count));
  arguments.push_back(std::move(batch.events));
  arguments.push_back(batch.ending);
  arguments.push_back(retention_ms_);
  // A client waits for an end.
  const bool urgent = !batch.ending.empty();
  const auto calls = calls_;
  const bullmq::RedisReply reply = co_await calls->call(std::move(arguments), urgent);
  co_return to_answer(reply);
}

}  // namespace shunt::executor

#include "queue/log_writer.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <iterator>
#include <utility>

#include "queue/generation_scripts.hpp"
#include "shunt/generation/event_codec.hpp"

namespace shunt::executor {
namespace {

// One call takes at most about this much: enough to share its cost, and short enough not to hold up the
// others on the server's one thread.
constexpr std::size_t kBatches = 200;
constexpr std::size_t kBytes = 512UL * 1024;
// An inbox that nobody has written to for so long belongs to a process that is gone, or is empty.
constexpr const char* kInboxTtlMs = "60000";
// After a call that many shared, the next one waits a moment: under load it is the number of calls that
// costs.
constexpr std::size_t kBusy = 16;
constexpr std::chrono::milliseconds kBreath{5};

AppendAnswer to_answer(const bullmq::RedisReply& reply) {
  constexpr std::string_view kCancel = "cancel:";
  if (reply.text == "ok") return {true, std::nullopt};
  if (reply.text.starts_with(kCancel)) return {true, reply.text.substr(kCancel.size())};
  return {};
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

void LogWriter::enqueue(LogBatch batch, Done done) {
  waiting_.push_back({std::move(batch), std::move(done)});
  if (std::exchange(flushing_, true)) return;
  // Detached: it holds the writer, and ends when nothing waits.
  boost::asio::co_spawn(loop_.context(), flush(shared_from_this()), boost::asio::detached);
}

std::vector<LogWriter::Waiting> LogWriter::take_some() {
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < waiting_.size() && count < kBatches && (count == 0 || bytes < kBytes)) {
    bytes += waiting_[count++].batch.events.size();
  }
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Waiting> taken(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return taken;
}

std::vector<std::string> LogWriter::arguments_of(const std::vector<Waiting>& batches) const {
  std::vector<std::string> arguments{std::to_string(options_.max_inbox_entries), kInboxTtlMs};
  arguments.reserve(2 + 7 * batches.size());
  for (const auto& [batch, done] : batches) {
    arguments.push_back(batch.id);
    arguments.push_back(batch.attempt);
    arguments.push_back(std::to_string(batch.first));
    arguments.push_back(std::to_string(batch.count));
    arguments.push_back(batch.events);
    arguments.push_back(batch.ending);
    arguments.push_back(std::to_string(options_.retention.count()));
  }
  return arguments;
}

bullmq::awaitable<void> LogWriter::flush(std::shared_ptr<LogWriter> self) {
  while (!self->waiting_.empty()) {
    std::vector<Waiting> batches = self->take_some();
    std::vector<std::string> keys{self->keys_.base};
    std::vector<std::string> arguments = self->arguments_of(batches);
    bullmq::CommandOptions options;
    options.idempotent = true;
    std::exception_ptr failure;
    bullmq::RedisReply reply;
    try {
      reply = co_await self->redis_.run(scripts::append(), std::move(keys), std::move(arguments), options);
    } catch (...) {
      failure = std::current_exception();
    }
    for (std::size_t i = 0; i < batches.size(); ++i) {
      batches[i].done(failure, i < reply.elements.size() ? to_answer(reply.elements[i]) : AppendAnswer{});
    }
    if (batches.size() < kBusy) continue;
    boost::asio::steady_timer breath(self->loop_.context(), kBreath);
    co_await breath.async_wait(boost::asio::use_awaitable);
  }
  self->flushing_ = false;
}

}  // namespace shunt::executor

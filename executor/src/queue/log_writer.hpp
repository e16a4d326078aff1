#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bullmq/redis.hpp"
#include "queue/generation_keys.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/queue_options.hpp"
#include "shunt/generation/generation_event.hpp"

namespace shunt::executor {

struct AppendAnswer {
  // false: the log is elsewhere, or the writer has lost its right; nothing was written.
  bool taken = false;
  // Somebody wants the generation to stop, and why.
  std::optional<std::string> cancel_reason;
};

// Events that continue a generation's log.
struct LogBatch {
  std::string id;
  std::string attempt;  // the writer's right to write; "" = whoever comes first
  std::uint64_t first = 0;
  std::size_t count = 0;
  std::string events;  // encode_events
  std::string ending;  // "" or the terminal state
};

// Makes a batch of events that are numbered already.
[[nodiscard]] LogBatch make_batch(std::string id, std::string attempt,
                                  const std::vector<GenerationEvent>& events);

// Appends to the logs of any number of generations: while one call of the script is on its way, what comes
// meanwhile joins the next one. So a token costs no round trip, and nothing waits when there is nothing to
// wait for. One thread: its connection's.
class LogWriter : public std::enable_shared_from_this<LogWriter> {
 public:
  LogWriter(EventLoop& loop, bullmq::Redis redis, GenerationKeys keys, const QueueOptions& options)
      : loop_(loop), redis_(std::move(redis)), keys_(std::move(keys)), options_(options) {}

  // Throws bullmq::Error: it is not known whether the batch was written, and appending the same batch again
  // does no harm.
  [[nodiscard]] bullmq::awaitable<AppendAnswer> append(LogBatch batch) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                       void(std::exception_ptr, AppendAnswer)>(
        Initiation{this}, boost::asio::use_awaitable, std::move(batch));
  }

 private:
  using Done = std::function<void(std::exception_ptr failure, AppendAnswer answer)>;
  struct Initiation {
    LogWriter* writer;
    template <typename Handler>
    void operator()(Handler&& handler, LogBatch batch) const {
      // std::function wants what it holds to be copyable.
      auto shared = std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler));
      writer->enqueue(std::move(batch), [shared](std::exception_ptr failure, AppendAnswer answer) {
        auto local = std::move(*shared);
        local(std::move(failure), std::move(answer));
      });
    }
  };
  void enqueue(LogBatch batch, Done done);
  struct Waiting {
    LogBatch batch;
    Done done;
  };
  static bullmq::awaitable<void> flush(std::shared_ptr<LogWriter> self);
  [[nodiscard]] std::vector<Waiting> take_some();
  [[nodiscard]] std::vector<std::string> arguments_of(const std::vector<Waiting>& batches) const;

  EventLoop& loop_;
  bullmq::Redis redis_;
  GenerationKeys keys_;
  QueueOptions options_;
  std::vector<Waiting> waiting_;
  bool flushing_ = false;
};

}  // namespace shunt::executor

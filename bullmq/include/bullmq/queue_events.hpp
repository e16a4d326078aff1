#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "bullmq/connection.hpp"
#include "bullmq/queue_event.hpp"
#include "bullmq/signal.hpp"

namespace bullmq {

class Job;

// Reads the event stream of a queue, on a connection of its own, from construction to destruction. When the
// connection breaks it goes on after the last entry that it has seen, so nothing is missed that the stream
// still has. Not thread-safe: one thread or strand (see awaitable.hpp).
class QueueEvents {
 public:
  // Throws ValidationError, as Queue does.
  QueueEvents(Executor executor, std::string name, QueueEventsOptions options = QueueEventsOptions());
  ~QueueEvents();
  QueueEvents(QueueEvents&&) noexcept;
  QueueEvents& operator=(QueueEvents&&) noexcept;

  // Every event, in order.
  [[nodiscard]] Signal<const QueueEvent&>& on_event();
  // Failures of reading, which is tried again for ever, and exceptions of listeners.
  [[nodiscard]] Signal<const std::exception&>& on_error();

  // Returns when the place to read from is known: whatever happens afterwards is seen. Throws ConnectionError
  // when that takes longer than the connection's command timeout.
  awaitable<void> wait_until_ready();
  // Ends the reading; no listener is called afterwards.
  awaitable<void> close();

  struct State;

 private:
  friend class Job;
  std::shared_ptr<State> state_;
};

// Puts custom events into a queue's event stream.
class QueueEventsProducer {
 public:
  QueueEventsProducer(Executor executor, std::string name,
                      QueueEventsProducerOptions options = QueueEventsProducerOptions());
  ~QueueEventsProducer();
  QueueEventsProducer(QueueEventsProducer&&) noexcept;
  QueueEventsProducer& operator=(QueueEventsProducer&&) noexcept;

  // Returns the id of the entry. The stream is cut to about `max_events`; the default is upstream's, which is
  // less than what queues keep by default (10,000), so pass the queue's own number to keep its history.
  awaitable<std::string> publish(std::string event_name,
                                 std::vector<std::pair<std::string, std::string>> fields,
                                 std::int64_t max_events = 1'000);
  awaitable<void> close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bullmq

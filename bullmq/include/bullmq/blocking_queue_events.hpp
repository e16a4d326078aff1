#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bullmq/blocking_client.hpp"
#include "bullmq/queue_event.hpp"

namespace bullmq::blocking {

// Reads the event stream of a queue, on a connection of its own, from construction to destruction; needed by
// Job::wait_until_finished too. See bullmq::QueueEvents, and Client for threads.
class QueueEvents {
 public:
  // Both are called on the client's thread.
  using Listener = std::function<void(const QueueEvent&)>;
  using ErrorListener = std::function<void(const std::exception&)>;

  // The connection is the client's kind; options.connection is not used. `on_event` is called for every
  // event, in order; `on_error` for failures of reading, which is tried again for ever, and for exceptions of
  // `on_event`. Throws ValidationError for a bad name.
  QueueEvents(Client& client, std::string name, Listener on_event = {},
              QueueEventsOptions options = QueueEventsOptions(), ErrorListener on_error = {});
  // Ends the reading. No listener is called afterwards, except when a listener itself destroys this.
  ~QueueEvents();
  QueueEvents(QueueEvents&&) noexcept;
  QueueEvents& operator=(QueueEvents&&) noexcept;

  // Returns when the place to read from is known: whatever happens afterwards is seen. Throws ConnectionError
  // when that takes longer than the connection's command timeout.
  void wait_until_ready();
  // Ends the reading; no listener is called afterwards.
  void close();

  struct State;

 private:
  friend class Job;
  std::unique_ptr<State> state_;
};

// Puts custom events into a queue's event stream.
class QueueEventsProducer {
 public:
  // The connection is the client's kind; options.connection is not used.
  QueueEventsProducer(Client& client, std::string name,
                      QueueEventsProducerOptions options = QueueEventsProducerOptions());
  ~QueueEventsProducer();
  QueueEventsProducer(QueueEventsProducer&&) noexcept;
  QueueEventsProducer& operator=(QueueEventsProducer&&) noexcept;

  // Returns the id of the entry. The stream is cut to about `max_events`; the default is upstream's, which is
  // less than what queues keep by default (10,000), so pass the queue's own number to keep its history.
  std::string publish(std::string event_name, std::vector<std::pair<std::string, std::string>> fields,
                      std::int64_t max_events = 1'000);
  void close();

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace bullmq::blocking

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

// bullmq::QueueEvents (queue_events.hpp) for threads that may block; Job::wait_until_finished needs one too.
// See Client for threads.
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

  // See bullmq::QueueEvents::wait_until_ready.
  void wait_until_ready();
  // See bullmq::QueueEvents::close.
  void close();

  struct State;

 private:
  friend class Job;
  std::unique_ptr<State> state_;
};

// bullmq::QueueEventsProducer (queue_events.hpp) for threads that may block.
class QueueEventsProducer {
 public:
  // The connection is the client's kind; options.connection is not used.
  QueueEventsProducer(Client& client, std::string name,
                      QueueEventsProducerOptions options = QueueEventsProducerOptions());
  ~QueueEventsProducer();
  QueueEventsProducer(QueueEventsProducer&&) noexcept;
  QueueEventsProducer& operator=(QueueEventsProducer&&) noexcept;

  // See bullmq::QueueEventsProducer::publish.
  std::string publish(std::string event_name, std::vector<std::pair<std::string, std::string>> fields,
                      std::int64_t max_events = 1'000);
  void close();

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace bullmq::blocking

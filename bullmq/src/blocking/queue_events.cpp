#include "bullmq/blocking_queue_events.hpp"

#include <utility>

#include "blocking/call.hpp"
#include "blocking/queue_events_state.hpp"

namespace bullmq::blocking {

QueueEvents::QueueEvents(Client& client, std::string name, Listener on_event, QueueEventsOptions options,
                         ErrorListener on_error) {
  // What the thread runs has no copy of it: the thread must not be the one that drops it last.
  const auto& loop = client.loop();
  state_ =
      detail::call_now(loop->gate, [&loop, name = std::move(name), on_event = std::move(on_event),
                                    options = std::move(options), on_error = std::move(on_error)]() mutable {
        options.connection = loop->options;
        const auto made = std::make_shared<bullmq::QueueEvents>(loop->gate->executor(), std::move(name),
                                                                std::move(options));
        if (on_event) made->on_event().subscribe(std::move(on_event)).detach();
        if (on_error) made->on_error().subscribe(std::move(on_error)).detach();
        return std::make_unique<State>(loop, made);
      });
}

// Waits for the thread, so that what the listeners use may go right afterwards.
QueueEvents::State::~State() {
  try {
    detail::call(events, [](bullmq::QueueEvents& reader) { return reader.close(); });
  } catch (const Error&) {
    return;  // a listener destroys this: the reading ends with the object
  }
}

QueueEvents::~QueueEvents() = default;
QueueEvents::QueueEvents(QueueEvents&&) noexcept = default;
QueueEvents& QueueEvents::operator=(QueueEvents&&) noexcept = default;

void QueueEvents::wait_until_ready() {
  detail::call(state_->events, [](bullmq::QueueEvents& reader) { return reader.wait_until_ready(); });
}

void QueueEvents::close() {
  detail::call(state_->events, [](bullmq::QueueEvents& reader) { return reader.close(); });
}

struct [[gnu::visibility("hidden")]] QueueEventsProducer::State {
  State(std::shared_ptr<Client::Loop> of, const std::shared_ptr<bullmq::QueueEventsProducer>& made)
      : loop(std::move(of)), producer(loop->gate, made) {}

  std::shared_ptr<Client::Loop> loop;
  detail::Kept<bullmq::QueueEventsProducer> producer;
};

QueueEventsProducer::QueueEventsProducer(Client& client, std::string name,
                                         QueueEventsProducerOptions options) {
  // What the thread runs has no copy of it: the thread must not be the one that drops it last.
  const auto& loop = client.loop();
  state_ =
      detail::call_now(loop->gate, [&loop, name = std::move(name), options = std::move(options)]() mutable {
        options.connection = loop->options;
        const auto made = std::make_shared<bullmq::QueueEventsProducer>(loop->gate->executor(),
                                                                        std::move(name), std::move(options));
        return std::make_unique<State>(loop, made);
      });
}
QueueEventsProducer::~QueueEventsProducer() = default;
QueueEventsProducer::QueueEventsProducer(QueueEventsProducer&&) noexcept = default;
QueueEventsProducer& QueueEventsProducer::operator=(QueueEventsProducer&&) noexcept = default;

std::string QueueEventsProducer::publish(std::string event_name,
                                         std::vector<std::pair<std::string, std::string>> fields,
                                         std::int64_t max_events) {
  return detail::call(state_->producer, [event_name = std::move(event_name), fields = std::move(fields),
                                         max_events](bullmq::QueueEventsProducer& producer) mutable {
    return producer.publish(std::move(event_name), std::move(fields), max_events);
  });
}

void QueueEventsProducer::close() {
  detail::call(state_->producer, [](bullmq::QueueEventsProducer& producer) { return producer.close(); });
}

}  // namespace bullmq::blocking

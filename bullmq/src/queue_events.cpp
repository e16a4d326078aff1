#include "bullmq/queue_events.hpp"

#include <chrono>
#include <cstdint>

#include "bullmq/error.hpp"
#include "core/event_codec.hpp"
#include "core/identity.hpp"
#include "core/job_validation.hpp"
#include "core/run_detached.hpp"
#include "queue_events_state.hpp"
#include "redis/endpoint.hpp"
#include "redis/expected_reply.hpp"

namespace bullmq {
namespace {

namespace asio = boost::asio;
using detail::make_command;
using detail::make_query;
using detail::Reply;

// What a read may take longer than it was asked to block.
constexpr Milliseconds kReadMargin{1'000};
constexpr std::chrono::milliseconds kErrorPause{1'000};
constexpr unsigned kEmptyReadsAtOnce = 100;
constexpr std::chrono::milliseconds kEmptyPause{2};

}  // namespace

namespace detail {

Subscription watch_job(QueueEvents::State& state, const std::string& job_id,
                       std::function<void(const QueueEvent&)> on_finish) {
  const std::uint64_t key = ++state.last_watch;
  state.watches.emplace(job_id, std::pair(key, std::move(on_finish)));
  return Subscription([weak = state.weak_from_this(), job_id, key] {
    const auto strong = weak.lock();
    if (!strong) return;
    const auto [first, last] = strong->watches.equal_range(job_id);
    for (auto watch = first; watch != last; ++watch) {
      if (watch->second.first == key) {
        strong->watches.erase(watch);
        return;
      }
    }
  });
}

}  // namespace detail

namespace {

// The reading: one coroutine from construction to close().
struct EventReader {
  using StatePointer = std::shared_ptr<QueueEvents::State>;

  static void deliver(const StatePointer& state, const QueueEvent& event) {
    state->on_event.emit(
        [&] {
          try {
            throw;
          } catch (const std::exception& error) {
            state->on_error.emit([] {}, error);
          } catch (...) {
            state->on_error.emit([] {}, Error("a listener threw something that is no std::exception"));
          }
        },
        event);
    if (event.name != "completed" && event.name != "failed") return;
    std::vector<std::function<void(const QueueEvent&)>> told;
    const auto [first, last] = state->watches.equal_range(std::string(event.job_id()));
    for (auto watch = first; watch != last; ++watch) told.push_back(watch->second.second);
    for (const auto& tell : told) tell(event);
  }

  // The id of the last entry, so that nothing is lost between one read and the next, as it is with "$".
  static asio::awaitable<void> find_position(StatePointer state) {
    if (!state->options.last_event_id.empty() && state->options.last_event_id != "$") {
      state->position = state->options.last_event_id;
      co_return;
    }
    Reply reply = co_await state->connection->execute(
        make_query("XREVRANGE", state->keys.events, "+", "-", "COUNT", 1));
    state->position = detail::last_event_id(std::move(reply));
  }

  static asio::awaitable<void> read_once(StatePointer state) {
    detail::Command read = make_query("XREAD", "BLOCK", state->options.blocking_timeout.count(), "COUNT",
                                      1'000, "STREAMS", state->keys.events, state->position);
    read.timeout = state->options.blocking_timeout + kReadMargin;
    read.drop_on_timeout = true;
    Reply reply = co_await state->connection->execute(std::move(read));
    const bool timed_out = reply.is_nil();
    const std::vector<QueueEvent> events = detail::decode_events(std::move(reply));
    // A stream that is capped at nothing wakes its readers without an entry, each time; they must be back
    // before the next one. A server that answers so without end gets no more than kEmptyPause allows.
    const bool empty = events.empty() && !timed_out;
    state->empty_reads = empty ? state->empty_reads + 1 : 0;
    if (state->empty_reads > kEmptyReadsAtOnce) {
      detail::Wakeup pause(state->connection->executor());
      co_await pause.wait(std::chrono::steady_clock::now() + kEmptyPause);
    }
    for (const QueueEvent& event : events) {
      if (state->closed) co_return;
      state->position = event.id;
      deliver(state, event);
    }
  }

  static asio::awaitable<void> run(StatePointer state) {
    while (!state->closed) {
      bool failed = false;
      try {
        if (state->position.empty()) {
          co_await find_position(state);
          state->on_positioned.emit([] {});
        }
        co_await read_once(state);
      } catch (const ConnectionError& error) {
        // The connection is made again by itself; a read that was broken is sent again by it.
        failed = !state->closed;
        if (failed) state->on_error.emit([] {}, error);
      } catch (const std::exception& error) {
        failed = !state->closed;
        if (failed) state->on_error.emit([] {}, error);
      }
      if (!failed || state->closed) continue;
      detail::Wakeup pause(state->connection->executor());
      co_await pause.wait(std::chrono::steady_clock::now() + kErrorPause);
    }
  }
};

}  // namespace

QueueEvents::QueueEvents(Executor executor, std::string name, QueueEventsOptions options) {
  detail::validate_queue_name(name);
  detail::require_hash_tag(options.connection, options.prefix, name);
  options.connection.client_name = detail::client_name(options.prefix, name, ":qe");
  auto connection = detail::Connection::open(executor, options.connection, options.prefix + ":" + name + ":");
  const std::string prefix = options.prefix;
  state_ = std::make_shared<State>(std::move(connection), prefix, name, std::move(options));
  // Detached: it ends when the state is closed, which close() and the destructor do.
  detail::run_detached(executor, EventReader::run(state_));
}

QueueEvents::~QueueEvents() {
  if (!state_ || state_->closed) return;
  state_->closed = true;
  state_->connection->close();
}

QueueEvents::QueueEvents(QueueEvents&&) noexcept = default;
QueueEvents& QueueEvents::operator=(QueueEvents&& other) noexcept {
  if (this != &other) {
    const QueueEvents ended(std::move(*this));
    state_ = std::move(other.state_);
  }
  return *this;
}

Signal<const QueueEvent&>& QueueEvents::on_event() {
  return state_->on_event;
}
Signal<const std::exception&>& QueueEvents::on_error() {
  return state_->on_error;
}

awaitable<void> QueueEvents::wait_until_ready() {
  const auto state = state_;
  if (!state->position.empty()) co_return;
  detail::Wakeup ready(state->connection->executor());
  const auto positioned = state->on_positioned.subscribe([&ready] { ready.wake(); });
  const auto until = std::chrono::steady_clock::now() + state->connection->options().command_timeout;
  while (state->position.empty() && !state->closed) {
    if (std::chrono::steady_clock::now() >= until) {
      throw ConnectionError(Fate::not_executed, "the event stream could not be read in time");
    }
    co_await ready.wait(until);
  }
}

awaitable<void> QueueEvents::close() {
  const auto state = state_;
  state->closed = true;
  state->connection->close();
  co_return;
}

namespace {

detail::Command publish_command(const std::string& key, const std::string& event_name,
                                const std::vector<std::pair<std::string, std::string>>& fields,
                                std::int64_t max_events) {
  detail::Command command = make_command("XADD", key, "MAXLEN", "~", max_events, "*", "event", event_name);
  const std::size_t header = command.bytes.find('\n') + 1;
  std::string bytes = "*" + std::to_string(8 + 2 * fields.size()) + "\r\n" + command.bytes.substr(header);
  for (const auto& [field, value] : fields) {
    detail::append_bulk(bytes, std::string_view(field));
    detail::append_bulk(bytes, std::string_view(value));
  }
  command.bytes = std::move(bytes);
  return command;
}

}  // namespace

struct [[gnu::visibility("hidden")]] QueueEventsProducer::State {
  SharedConnection connection;
  detail::QueueKeys keys;
};

QueueEventsProducer::QueueEventsProducer(Executor executor, std::string name,
                                         QueueEventsProducerOptions options) {
  detail::validate_queue_name(name);
  detail::require_hash_tag(options.connection, options.prefix, name);
  detail::QueueKeys keys(options.prefix, name);
  state_ = std::make_unique<State>(
      State{detail::Connection::open(std::move(executor), std::move(options.connection), keys.base), keys});
}

QueueEventsProducer::~QueueEventsProducer() = default;
QueueEventsProducer::QueueEventsProducer(QueueEventsProducer&&) noexcept = default;
QueueEventsProducer& QueueEventsProducer::operator=(QueueEventsProducer&&) noexcept = default;

awaitable<std::string> QueueEventsProducer::publish(std::string event_name,
                                                    std::vector<std::pair<std::string, std::string>> fields,
                                                    std::int64_t max_events) {
  const auto connection = state_->connection;
  // Built by a function of its own: g++ 12 gets lists of temporaries inside a coroutine wrong.
  detail::Command command = publish_command(state_->keys.events, event_name, fields, max_events);
  Reply reply = co_await connection->execute(std::move(command));
  co_return detail::expect_id(std::move(reply), "XADD");
}

awaitable<void> QueueEventsProducer::close() {
  const auto connection = state_->connection;
  co_await connection->drain_and_close();
}

}  // namespace bullmq

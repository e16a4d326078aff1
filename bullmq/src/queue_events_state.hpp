#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "bullmq/queue_events.hpp"
#include "core/queue_keys.hpp"
#include "redis/connection.hpp"
#include "redis/wakeup.hpp"

namespace bullmq {

struct [[gnu::visibility("hidden")]] QueueEvents::State : std::enable_shared_from_this<QueueEvents::State> {
  State(SharedConnection shared, const std::string& prefix, const std::string& queue, QueueEventsOptions opts)
      : options(std::move(opts)), connection(std::move(shared)), keys(prefix, queue) {}

  QueueEventsOptions options;
  SharedConnection connection;
  detail::QueueKeys keys;
  // Where reading goes on; empty until it is known.
  std::string position;
  bool closed = false;
  // Answers in a row that had a stream but no entry in it.
  unsigned empty_reads = 0;
  Signal<const QueueEvent&> on_event;
  Signal<const std::exception&> on_error;
  std::uint64_t last_watch = 0;
  std::unordered_multimap<std::string, std::pair<std::uint64_t, std::function<void(const QueueEvent&)>>>
      watches;
  Signal<> on_positioned;
};

namespace detail {

// Calls `on_finish` with what the stream tells of the job's end ("completed" or "failed"), as long as what it
// returns lives.
[[nodiscard]] Subscription watch_job(QueueEvents::State& state, const std::string& job_id,
                                     std::function<void(const QueueEvent&)> on_finish);

}  // namespace detail
}  // namespace bullmq

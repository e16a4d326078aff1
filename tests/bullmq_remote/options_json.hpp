#pragma once

#include "bullmq/queue.hpp"
#include "bullmq/queue_events.hpp"
#include "bullmq/worker.hpp"
#include "job_json.hpp"

namespace remote {

// Options by Node's names. An option that the library does not have is NotSupported.
[[nodiscard]] bullmq::QueueOptions queue_options(const Json& options);
[[nodiscard]] bullmq::WorkerOptions worker_options(const Json& options);
[[nodiscard]] bullmq::QueueEventsOptions events_options(const Json& options);
[[nodiscard]] bullmq::QueueEventsProducerOptions producer_options(const Json& options);
[[nodiscard]] bullmq::JobOptions job_options(const Json& options);

}  // namespace remote

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bullmq/connection_options.hpp"
#include "bullmq/job_options.hpp"
#include "bullmq/job_record.hpp"

namespace bullmq {

// How a queue connects, what its jobs are added with, and what it keeps.
struct QueueOptions {
  ConnectionOptions connection{};
  // In front of every key.
  std::string prefix = "bull";
  // Under the options of each add.
  JobOptions default_job_options{};
  // The event stream is cut to about this many entries. Written to the queue's meta, where every client obeys
  // it.
  std::int64_t max_len_events = 10'000;
  // The constructor writes version and max_len_events to the queue's meta, unless this is set.
  bool skip_metas_update = false;
  // Adds that come while others are on their way share a call of a script of this library's own, which leaves
  // in Redis what upstream's leave (docs/bullmq/fast-path.md). false: each add is a call of upstream's
  // script.
  bool fast_path = true;
  // add_bulk sends jobs in transactions of at most this many jobs and about this many bytes, one after the
  // other.
  std::size_t bulk_chunk_jobs = 1'000;
  std::size_t bulk_chunk_bytes = 4UL * 1024 * 1024;
};

// Which jobs Queue::clean removes.
struct CleanOptions {
  // Only jobs that finished (or were added) at least this long ago.
  Milliseconds grace{0};
  // At most this many; 0: all.
  std::int64_t limit = 0;
  // completed, failed, waiting, active, delayed, prioritized, paused.
  JobState state = JobState::completed;
};

// How Queue::obliterate goes about it.
struct ObliterateOptions {
  // Also when jobs are active.
  bool force = false;
  // Jobs removed by one call of the script; it is called until nothing is left.
  std::int64_t count = 1'000;
};

// Which finished jobs Queue::retry_jobs puts back to wait.
struct RetryJobsOptions {
  // failed or completed.
  JobState state = JobState::failed;
  // Jobs moved by one call of the script; it is called until none is left.
  std::int64_t count = 1'000;
  // Only those that finished before; absent: now.
  std::optional<Timestamp> before{};
};

// What all clients of a queue obey, as it is stored.
struct QueueMeta {
  // Of all workers together (Queue::set_global_concurrency).
  std::optional<std::int64_t> concurrency{};
  // `max` jobs in `duration` ms, of all workers together (Queue::set_global_rate_limit).
  std::optional<std::int64_t> max{};
  std::optional<std::int64_t> duration{};
  std::optional<std::int64_t> max_len_events{};
  bool paused = false;
  // "bullmq:<version>" of the client that wrote last.
  std::string version{};
  // What else is there.
  std::map<std::string, std::string> others{};
};

// `max` jobs in `duration`, of all workers together.
struct GlobalRateLimit {
  std::int64_t max = 0;
  Milliseconds duration{0};
};

// Finished jobs counted by the minute, by workers with WorkerOptions::metrics_max_data_points.
struct QueueMetrics {
  // All that were counted.
  std::int64_t count = 0;
  // When the last minute was written, and `count` as it was then.
  Timestamp previous_timestamp = 0;
  std::int64_t previous_count = 0;
  // Finished jobs a minute, newest first.
  std::vector<std::int64_t> data{};
  // How many points there are in all.
  std::int64_t points = 0;
};

// A client of the server, as CLIENT LIST tells it. `name` is the queue's name, "rawname" the one on the
// connection.
using ClientInfo = std::map<std::string, std::string>;

// The two ends of a job.
enum class FinishedState { completed, failed };

}  // namespace bullmq

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
  // It stands in front of every key.
  std::string prefix = "bull";
  // They stand where the options of an add say nothing.
  JobOptions default_job_options{};
  // The event stream is cut to about this many entries. That is written to the queue's meta, where every
  // client obeys it.
  std::int64_t max_len_events = 10'000;
  // The constructor writes version and max_len_events to the queue's meta, unless this is set.
  bool skip_metas_update = false;
  // Adds that come while others are on their way share a call of a script of this library's own, which leaves
  // in Redis what upstream's leave (docs/bullmq/fast-path.md). Without it each add is a call of
  // upstream's script.
  bool fast_path = true;
  // add_bulk sends jobs in transactions of at most this many jobs and about this many bytes, one after the
  // other.
  std::size_t bulk_chunk_jobs = 1'000;
  std::size_t bulk_chunk_bytes = 4UL * 1024 * 1024;
};

// Which jobs Queue::clean removes.
struct CleanOptions {
  // Only jobs are removed that finished (or were added) at least this long ago.
  Milliseconds grace{0};
  // At most this many are removed; 0 stands for all.
  std::int64_t limit = 0;
  // It may be completed, failed, waiting, active, delayed, prioritized or paused.
  JobState state = JobState::completed;
};

// How Queue::obliterate goes about it.
struct ObliterateOptions {
  // The queue goes even when jobs are active.
  bool force = false;
  // One call of the script removes this many jobs; it is called until nothing is left.
  std::int64_t count = 1'000;
};

// Which finished jobs Queue::retry_jobs puts back to wait.
struct RetryJobsOptions {
  // It may be failed or completed.
  JobState state = JobState::failed;
  // One call of the script moves this many jobs; it is called until none is left.
  std::int64_t count = 1'000;
  // Only jobs are moved that finished before this instant; when it is absent, before now.
  std::optional<Timestamp> before{};
};

// What all clients of a queue obey, as it is stored.
struct QueueMeta {
  // At most this many jobs are active, of all workers together (Queue::set_global_concurrency).
  std::optional<std::int64_t> concurrency{};
  // At most `max` jobs are taken in `duration` ms, by all workers together (Queue::set_global_rate_limit).
  std::optional<std::int64_t> max{};
  std::optional<std::int64_t> duration{};
  std::optional<std::int64_t> max_len_events{};
  bool paused = false;
  // It is "bullmq:<version>" of the client that wrote last.
  std::string version{};
  // They are the fields that this version does not know.
  std::map<std::string, std::string> others{};
};

// At most `max` jobs are taken in `duration`, by all workers together.
struct GlobalRateLimit {
  std::int64_t max = 0;
  Milliseconds duration{0};
};

// How many jobs have finished in each minute, as counted by workers with
// WorkerOptions::metrics_max_data_points.
struct QueueMetrics {
  // It is the sum of all that were counted.
  std::int64_t count = 0;
  // The last minute was written then, when `count` was what previous_count says.
  Timestamp previous_timestamp = 0;
  std::int64_t previous_count = 0;
  // They are the finished jobs of each minute, newest first.
  std::vector<std::int64_t> data{};
  // There are this many points in all.
  std::int64_t points = 0;
};

// A client of the server, as CLIENT LIST tells it. `name` is the queue's name, "rawname" the one on the
// connection.
using ClientInfo = std::map<std::string, std::string>;

// The two ends of a job.
enum class FinishedState { completed, failed };

}  // namespace bullmq

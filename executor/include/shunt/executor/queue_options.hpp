#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "shunt/base/result.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// How generations travel through Redis: the same for the executor and its workers. docs/configuration.md has
// the defaults' reasons.
struct QueueOptions {
  std::string redis_url = "redis://127.0.0.1:6379";
  std::string redis_password{};  // instead of one in the URL; "": what the URL says
  // In front of every key. The hash tag keeps all of them in one slot, so that it works on a cluster too.
  std::string prefix = "{shunt}";

  // Admission and the add together. Beyond it a submit is refused, or unknown.
  std::chrono::milliseconds enqueue_deadline{250};
  // Reading and administration.
  std::chrono::milliseconds command_timeout{2'000};

  // How often a job is tried whose generator failed with a retryable error; workers that are lost do not
  // count.
  std::size_t attempts = 1;
  std::chrono::milliseconds backoff{1'000};  // doubles with each attempt
  // A result whose JSON is longer goes to the artifact store, and only its digest through Redis.
  std::size_t max_inline_bytes = 256UL * 1024;

  // A lock that was not renewed for this long is lost. See lost_worker_bound().
  std::chrono::milliseconds lock_duration{10'000};
  std::chrono::milliseconds stalled_interval{5'000};
  // A generation whose worker is lost more often fails.
  std::size_t max_stalled_count = 2;

  // Ended generations stay readable for this long.
  std::chrono::milliseconds retention = std::chrono::hours(1);
  // Ids are remembered (410 instead of 404), and idempotency keys hold, for this long.
  std::chrono::milliseconds claim_age = std::chrono::hours(24);
  // A claim is never given up for another one while its generation is open, and for so long after its end.
  std::chrono::milliseconds min_claim_age = std::chrono::minutes(10);
  // Bounds one caller. At 1,000 keyed requests a second those of the last ten minutes, and of what runs, have
  // room; a claim takes about 400 bytes of Redis.
  std::size_t max_claims = 700'000;
  // A record that is longer was not written by a worker of ours, and is not carried to this process.
  std::size_t max_record_bytes = 64UL * 1024 * 1024;
  // The event stream of BullMQ is cut to about this many entries.
  std::size_t max_queue_events = 1'000;
  // Entries that wait in a process's inbox before the oldest go (it reads the log instead then).
  std::size_t max_inbox_entries = 10'000;

  // Generations that are under way together share calls of Redis (docs/bullmq/fast-path.md).
  bool fast_path = true;

  // Refuse with `no_worker` when no worker has a lease for the model. Workers of other languages have none.
  bool require_worker = false;
  std::chrono::milliseconds lease{6'000};
};

// How long after a worker is lost, at the latest, another one that is idle begins its generation anew. Its
// lock has to expire, and two stalled checks have to come: one notes the job, the next one moves it if it has
// no lock then. A check of one worker keeps the others from theirs for stalled_interval, and whoever finds it
// so comes a whole interval later: between two checks lie up to two intervals. 20 s with the defaults.
[[nodiscard]] constexpr std::chrono::milliseconds lost_worker_bound(const QueueOptions& options) {
  const auto between_checks = 2 * options.stalled_interval;
  return (options.lock_duration > between_checks ? options.lock_duration : between_checks) + between_checks;
}

// Whether options fit together, and the address and the prefix can be used at all. No I/O. Fails with
// `invalid_configuration`; the message begins with the setting's name as docs/configuration.md has it.
[[nodiscard]] Result<void> check(const QueueOptions& options);

}  // namespace shunt::executor

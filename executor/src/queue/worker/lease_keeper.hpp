#pragma once

#include <string>
#include <vector>

#include "queue/records/worker_lease.hpp"
#include "queue/worker/worker_context.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"

namespace shunt::executor {

// Tells in Redis that the worker lives, which models it runs and what it does. One thread: the loop's.
class LeaseKeeper {
 public:
  explicit LeaseKeeper(WorkerContext& context);
  // `models`: what it runs, and how many at once.
  void start(std::vector<WorkerLease::Model> models);
  // From now on it runs these, and tells so at once.
  void take(std::vector<WorkerLease::Model> models);
  void stop();
  // Takes the lease back, so that nobody counts on it any more.
  bullmq::awaitable<void> end();

  // It has taken a job. A worker that has told that it is idle tells at once that it is not any more, but not
  // all the time.
  void note_claim();
  // Says how many generations run now.
  void note_running(std::size_t count) { running_ = count; }
  [[nodiscard]] const std::string& name() const noexcept { return lease_.name; }

 private:
  bullmq::awaitable<void> renew();

  WorkerContext& context_;
  WorkerLeases leases_;
  WorkerLease lease_;
  std::size_t running_ = 0;
  std::vector<WorkerLease::Model> dropped_;  // has told of them, and does not run them any more
  SteadyTime renewed_at_{};
  PeriodicDuty renewing_;
};

}  // namespace shunt::executor

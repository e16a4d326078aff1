#pragma once

#include <optional>
#include <string>
#include <vector>

#include "queue/services/end_writer.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"

namespace shunt::executor {

// Renews this process's lease where it owns sync generations, and ends the open ones of owners whose leases
// are over. One thread: the loop's.
class OwnerLeases {
 public:
  OwnerLeases(QueueContext& context, EndWriter& ends) : context_(context), ends_(ends) {}
  void start();
  void stop();

  // This process owns sync generations from now on.
  void own() { owns_ = SyncRecords::Owns::kGenerations; }
  // It owns none any more; what it leaves open is ended by others. What fails is noted: then the lease runs
  // out.
  bullmq::awaitable<void> leave();

  // Whether a lease that is over means that its owner is gone: not while Redis was away itself until lately,
  // for then nobody could renew.
  [[nodiscard]] bool may_judge() const;

 private:
  bullmq::awaitable<void> look();
  bullmq::awaitable<void> end_all_of(std::string owner);
  bullmq::awaitable<void> end_if_open(std::string owner, std::string id);

  QueueContext& context_;
  EndWriter& ends_;
  SyncRecords::Owns owns_ = SyncRecords::Owns::kNothing;
  std::optional<SteadyTime> good_since_;  // every look since then was answered in time
  PeriodicDuty looking_;
};

}  // namespace shunt::executor

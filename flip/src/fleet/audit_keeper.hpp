#pragma once

#include <optional>
#include <string>

#include "bullmq/signal.hpp"
#include "fleet/flip_context.hpp"
#include "fleet/follower.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"
#include "shunt/flip/namespace.hpp"
#include "store/audit_file.hpp"

namespace shunt::flip {

// Reads the audit's stream for people, and copies it into this process's file. One thread: the loop's.
class AuditKeeper {
 public:
  static constexpr std::size_t kMostInAPage = 1'000;

  AuditKeeper(FlipContext& context, Follower& follower);
  void start();
  void stop();

  [[nodiscard]] bullmq::awaitable<Result<FlipLogPage>> page(std::uint64_t from, std::size_t count);
  // The whole stream, and whether it ends where the record says.
  [[nodiscard]] bullmq::awaitable<Result<ChainReport>> verify();

 private:
  bullmq::awaitable<void> copy();

  FlipContext& context_;
  Follower& follower_;
  std::optional<AuditFile> file_;
  std::string copied_ = "-";  // the position up to which the file has the stream
  SteadyTime next_ = SteadyTime::min();
  executor::PeriodicDuty copying_;
  bullmq::Subscription subscription_;
};

}  // namespace shunt::flip

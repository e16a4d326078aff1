#include "queue/worker/lease_keeper.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "shunt/executor/redis/redis_fault.hpp"
#include "shunt/generation/envelope.hpp"

namespace shunt::executor {

LeaseKeeper::LeaseKeeper(WorkerContext& context)
    : context_(context), leases_(context.connection, context.keys) {
  lease_.process = context.process;
  lease_.name = context.options.name.empty() ? context.process : context.options.name;
  lease_.version = context.options.version;
  lease_.started_at = context.clock.now();
  lease_.envelope = static_cast<std::size_t>(kNewestEnvelopeVersion);
  lease_.begins = true;
}

void LeaseKeeper::start(std::vector<WorkerLease::Model> models) {
  lease_.models = std::move(models);
  renewing_ = run_periodically(context_.loop, context_.faults, "lease", context_.options.queue.lease / 3,
                               [this] { return renew(); });
}

void LeaseKeeper::take(std::vector<WorkerLease::Model> models) {
  std::ranges::move(lease_.models, std::back_inserter(dropped_));
  std::erase_if(dropped_,
                [&models](const auto& before) { return std::ranges::find(models, before) != models.end(); });
  lease_.models = std::move(models);
  renewing_.run_now();
}

void LeaseKeeper::stop() {
  renewing_.stop();
}

bullmq::awaitable<void> LeaseKeeper::renew() {
  lease_.running = running_;
  context_.health.running(running_);
  renewed_at_ = context_.clock.steady_now();
  WorkerLease copy = lease_;
  // Nobody is to count on it for these for as long as the lease would last.
  WorkerLease gone = lease_;
  gone.models = std::exchange(dropped_, {});
  if (!gone.models.empty()) co_await leases_.withdraw(std::move(gone));
  co_await leases_.renew(std::move(copy), context_.options.queue.lease, context_.clock.now());
}

void LeaseKeeper::note_claim() {
  constexpr std::chrono::milliseconds kSoonest{250};
  const bool first = !lease_.last_claim_at;
  lease_.last_claim_at = context_.clock.now();
  const bool told_idle = lease_.running == 0 && context_.clock.steady_now() - renewed_at_ >= kSoonest;
  if (first || told_idle) renewing_.run_now();
}

bullmq::awaitable<void> LeaseKeeper::end() {
  try {
    WorkerLease copy = lease_;
    co_await leases_.end(std::move(copy));
  } catch (...) {
    // It expires by itself.
    note_caught(context_.faults, "lease_end");
  }
}

}  // namespace shunt::executor

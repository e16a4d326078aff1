#include "queue/services/fleet_status.hpp"

#include <utility>

#include "bullmq/error.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::executor {
namespace {

constexpr std::chrono::milliseconds kFresh{100};

}  // namespace

bullmq::awaitable<Result<Fleet>> FleetStatus::look() {
  const SteadyTime begun = context_.clock.steady_now();
  if (last_ && begun - last_at_ < kFresh) co_return *last_;
  std::optional<Error> failure;
  try {
    std::vector<std::string> names = context_.model_names();
    Result<Fleet> found = co_await context_.records.fleet(std::move(names));
    if (found) {
      for (ModelDescription& model : found->models) model.plain_workers = probe_.plain_workers_of(model.name);
      last_ = *found;
      last_at_ = begun;
    }
    co_return found;
  } catch (const std::exception& error) {
    note_caught(context_.faults, "fleet");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

}  // namespace shunt::executor

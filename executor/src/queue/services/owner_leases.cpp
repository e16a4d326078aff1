#include "queue/services/owner_leases.hpp"

#include <functional>
#include <memory>
#include <utility>

#include "queue/runtime/for_each_at_once.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;

constexpr const char* kDuty = "owners";
// One round ends at most so many pages of generations of one owner.
constexpr std::size_t kPageSize = 200;
constexpr int kPages = 20;

}  // namespace

void OwnerLeases::start() {
  looking_ = run_periodically(context_.loop, context_.faults, kDuty, context_.options.queue.lease / 3,
                              [this] { return look(); });
}

void OwnerLeases::stop() {
  looking_.stop();
}

bool OwnerLeases::may_judge() const {
  return good_since_ && context_.clock.steady_now() - *good_since_ >= context_.options.queue.lease;
}

awaitable<void> OwnerLeases::leave() {
  looking_.stop();
  owns_ = SyncRecords::Owns::kNothing;
  try {
    co_await context_.sync_records.leave();
  } catch (...) {
    note_caught(context_.faults, "leave");
  }
}

awaitable<void> OwnerLeases::look() {
  const auto lease = context_.options.queue.lease;
  const SteadyTime began = context_.clock.steady_now();
  std::vector<std::string> over;
  std::exception_ptr failure;
  try {
    over = co_await context_.sync_records.renew_lease(owns_, lease);
  } catch (...) {
    failure = std::current_exception();
  }
  const SteadyTime now = context_.clock.steady_now();
  if (failure || now - began >= lease / 2) good_since_.reset();
  if (failure) std::rethrow_exception(failure);
  if (!good_since_) good_since_ = now;
  if (!may_judge()) co_return;
  for (std::string& owner : over) {
    // One that cannot be looked at does not keep the others.
    try {
      co_await end_all_of(std::move(owner));
    } catch (...) {
      note_part(context_.faults, kDuty);
    }
  }
}

// What could not be looked at stays in the owner's list, for the next round.
awaitable<void> OwnerLeases::end_all_of(std::string owner) {
  for (int page = 0; page < kPages; ++page) {
    std::vector<std::string> ids = co_await context_.sync_records.open_of(owner, kPageSize);
    const std::size_t found = ids.size();
    const auto over = std::make_shared<std::vector<std::string>>();
    std::function<awaitable<void>(std::string)> end = [this, owner, over](std::string id) -> awaitable<void> {
      co_await end_if_open(owner, id);
      over->push_back(std::move(id));
    };
    co_await for_each_at_once<std::string>(context_.loop, context_.faults, kDuty, std::move(ids), kPageSize,
                                           std::move(end));
    const std::size_t ended = over->size();
    co_await context_.sync_records.close(owner, std::move(*over));
    if (found < kPageSize || ended == 0) co_return;
  }
}

awaitable<void> OwnerLeases::end_if_open(std::string owner, std::string id) {
  if (!GenerationId::parse(id)) co_return;
  const auto outcome = co_await context_.records.read(id, GenerationRecords::Follow::kNo);
  if (!outcome) context_.broken.tell("record", id, outcome.error().message);
  const auto* const stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
  if (stored == nullptr || stored->owner != owner || !is_open(*stored)) co_return;
  (void)co_await ends_.interrupt(*stored);
}

}  // namespace shunt::executor

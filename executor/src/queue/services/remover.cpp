#include "queue/services/remover.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "bullmq/error.hpp"
#include "shunt/executor/redis/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;

// A worker ends its job right after it has written the end; one that does not is lost, and found later.
constexpr std::chrono::milliseconds kJobEnds{1'000};
// Nothing tells that a job's lock is gone: BullMQ's events come from the scripts that end a job, but a lock
// that runs out makes none, and to read them each process that deletes would need a blocking connection for
// each queue, against six looks in that second.
constexpr std::chrono::milliseconds kFirstPause{25};

Error nothing_deleted(const char* why) {
  return {error_code::kQueueUnavailable, std::string(why) + ": nothing was deleted", Retryable::kYes};
}

constexpr const char* kJobThere = "the generation's job could not be removed from its queue";

}  // namespace

awaitable<Result<DeleteAnswer>> Remover::delete_ended(std::string id, Deletion how) {
  auto answer = co_await context_.records.delete_ended(id, how);
  if (!answer) co_return context_.report_broken(id, std::move(answer).error());
  co_return answer;
}

// A worker that has not ended its job yet is waited for.
awaitable<Result<DeleteAnswer>> Remover::wait_for_worker(std::string id) {
  const SteadyTime until = context_.clock.steady_now() + kJobEnds;
  Result<DeleteAnswer> found = co_await delete_ended(id, Deletion::kLook);
  auto pause = kFirstPause;
  while (found && std::holds_alternative<DeleteHeld>(*found) && context_.clock.steady_now() < until) {
    boost::asio::steady_timer timer(context_.loop.context(), pause);
    co_await timer.async_wait(boost::asio::use_awaitable);
    pause *= 2;
    found = co_await delete_ended(id, Deletion::kLook);
  }
  co_return found;
}

awaitable<Result<RemoveOutcome>> Remover::remove(GenerationId id) {
  const std::string name = id.to_string();
  std::optional<Error> failure;
  try {
    Result<DeleteAnswer> found = co_await wait_for_worker(name);
    if (!found) co_return std::move(found).error();
    Delete delete_record = [this, name](Deletion how) { return delete_ended(name, how); };
    Result<RemoveOutcome> outcome = co_await remove_found(name, std::move(*found), std::move(delete_record));
    co_return outcome;
  } catch (const std::exception& error) {
    note_caught(context_.faults, "remove");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

awaitable<Result<RemoveOutcome>> Remover::remove_broken(GenerationId id, std::optional<std::string> caller) {
  const std::string name = id.to_string();
  std::optional<Error> failure;
  try {
    const auto before = co_await reader_.read(name, GenerationReader::Follow::kNo);
    if (before || before.error().code != error_code::kBrokenRecord)
      co_return nothing_deleted("the generation's record has changed meanwhile");
    Result<DeleteAnswer> found = co_await context_.records.discard(name, caller, Deletion::kLook);
    if (!found) co_return std::move(found).error();
    Delete delete_record = [this, name, caller](Deletion how) {
      return context_.records.discard(name, caller, how);
    };
    Result<RemoveOutcome> outcome = co_await remove_found(name, std::move(*found), std::move(delete_record));
    co_return outcome;
  } catch (const std::exception& error) {
    note_caught(context_.faults, "remove_broken");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

awaitable<Result<RemoveOutcome>> Remover::remove_found(std::string id, DeleteAnswer found,
                                                       Delete delete_record) {
  if (std::holds_alternative<DeleteGone>(found)) co_return RemoveOutcome(GenerationGone{});
  if (std::holds_alternative<DeleteUnknown>(found)) co_return RemoveOutcome(GenerationUnknown{});
  const auto* const ended = std::get_if<DeleteEnded>(&found);
  if (ended == nullptr) co_return RemoveOutcome(NotEnded{});
  const bool removed = co_await jobs_.remove(ended->queue, id);
  if (!removed) co_return RemoveOutcome(NotEnded{});
  const Result<DeleteAnswer> done = co_await delete_record(Deletion::kDo);
  if (!done) co_return done.error();
  if (std::holds_alternative<DeleteHeld>(*done) || std::holds_alternative<DeleteJobThere>(*done))
    co_return nothing_deleted(kJobThere);
  replicas_.remove(id);
  co_return RemoveOutcome(Removed{});
}

}  // namespace shunt::executor

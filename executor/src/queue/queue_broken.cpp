// Generations whose records are not as ours are, and ids that have no record any more.
#include <utility>

#include "queue/generation_scripts.hpp"
#include "queue/queue_core.hpp"
#include "queue/redis_fault.hpp"
#include "queue/script_answers.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

constexpr const char* kInboxTtlMs = "60000";

Error job_there(const char* what) {
  return {std::string(error_code::kQueueUnavailable), what, true};
}

}  // namespace

awaitable<Result<ForgetAnswer>> QueueCore::discard(std::string id, std::optional<std::string> caller,
                                                   Forget how) {
  std::vector<std::string> script_keys = keys.of_scripts();
  std::vector<std::string> arguments{id,
                                     caller ? "1" : "",
                                     caller.value_or(std::string()),
                                     how == Forget::kDo ? "1" : "",
                                     std::to_string(options.queue.max_inbox_entries),
                                     kInboxTtlMs};
  const bullmq::RedisReply reply =
      co_await queries_.run(scripts::discard(), std::move(script_keys), std::move(arguments));
  co_return decode_forget(reply);
}

// The job first, as with any other (see remove). Where the record does not tell its queue, a job that lies
// there is found by the housekeeping: nobody begins it, since its id is gone.
awaitable<Result<RemoveOutcome>> QueueCore::remove_broken(GenerationId id,
                                                          std::optional<std::string> caller) {
  const std::string name = id.to_string();
  std::optional<Error> failure;
  try {
    const auto before = co_await read(name, false);
    if (before || before.error().code != error_code::kBrokenRecord)
      co_return job_there("the generation's record has changed meanwhile: nothing was deleted");
    const Result<ForgetAnswer> found = co_await discard(name, caller, Forget::kLook);
    if (!found) co_return found.error();
    if (std::holds_alternative<ForgetHeld>(*found)) co_return RemoveOutcome(NotEnded{});
    const auto* const ended = std::get_if<ForgetEnded>(&*found);
    if (ended == nullptr) co_return RemoveOutcome(GenerationUnknown{});
    if (!ended->queue.empty()) {
      const bool removed = co_await remove_job(ended->queue, name);
      if (!removed) co_return RemoveOutcome(NotEnded{});
    }
    const Result<ForgetAnswer> done = co_await discard(name, caller, Forget::kDo);
    if (!done) co_return done.error();
    if (std::holds_alternative<ForgetHeld>(*done) || std::holds_alternative<ForgetJobThere>(*done))
      co_return job_there("the generation's job could not be removed from its queue: nothing was deleted");
    mirrors_.remove(name);
    co_return RemoveOutcome(Removed{});
  } catch (const std::exception& error) {
    note_caught(faults, "remove_broken");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

awaitable<Result<bool>> QueueCore::was_of(GenerationId id, std::string caller) {
  std::optional<Error> failure;
  try {
    std::vector<std::string> script_keys = keys.of_scripts();
    std::vector<std::string> arguments{id.to_string(), std::move(caller)};
    bullmq::CommandOptions again;
    again.idempotent = true;
    const bullmq::RedisReply reply =
        co_await queries_.run(scripts::was_of(), std::move(script_keys), std::move(arguments), again);
    const auto answer = whole_number(reply);
    if (!answer) co_return unexpected_answer("was_of", reply);
    co_return *answer == 1;
  } catch (const std::exception& error) {
    note_caught(faults, "was_of");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

}  // namespace shunt::executor

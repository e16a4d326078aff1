#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/services/queue_core.hpp"
#include "queue/runtime/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

// A worker settles its job right after it has written the end; one that does not is lost, and found later.
constexpr std::chrono::milliseconds kSettle{1'000};
constexpr std::chrono::milliseconds kSettlePause{20};

}  // namespace

awaitable<Result<RequestOutcome>> QueueCore::request_of(GenerationId id) {
  std::optional<Error> failure;
  try {
    auto answer = co_await records_.request(id.to_string());
    if (!answer) co_return tell_broken(id.to_string(), std::move(answer).error());
    if (std::holds_alternative<RequestGone>(*answer)) co_return RequestOutcome(GenerationGone{});
    if (std::holds_alternative<RequestUnknown>(*answer)) co_return RequestOutcome(GenerationUnknown{});
    const std::string& text = std::get<RequestText>(*answer).envelope;
    if (text.empty()) co_return RequestOutcome(RequestForgotten{});
    auto envelope = decode_envelope(text);
    if (envelope && envelope->id == id) co_return RequestOutcome(std::move(envelope->request));
    const std::string why = envelope ? "it is another generation's" : envelope.error().message;
    co_return tell_broken(id.to_string(), broken_record("the request of generation " + id.to_string(), why));
  } catch (const std::exception& error) {
    note_caught(faults, "request_of");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

Error QueueCore::tell_broken(std::string_view id, Error error) {
  broken_.tell("record", id, error.message);
  return error;
}

awaitable<Result<DeleteAnswer>> QueueCore::delete_ended(std::string id, GenerationRecords::Deletion how) {
  auto answer = co_await records_.delete_ended(id, how);
  if (!answer) co_return tell_broken(id, std::move(answer).error());
  co_return answer;
}

// What its worker has not settled yet is waited for.
awaitable<Result<DeleteAnswer>> QueueCore::look_before_removal(std::string id) {
  const SteadyTime until = clock.steady_now() + kSettle;
  Result<DeleteAnswer> found = co_await delete_ended(id, GenerationRecords::Deletion::kLook);
  while (found && std::holds_alternative<DeleteHeld>(*found) && clock.steady_now() < until) {
    boost::asio::steady_timer pause(loop.context(), kSettlePause);
    co_await pause.async_wait(boost::asio::use_awaitable);
    found = co_await delete_ended(id, GenerationRecords::Deletion::kLook);
  }
  co_return found;
}

// The job first: without it nothing can begin the generation anew. While it is there, nothing is forgotten.
awaitable<Result<RemoveOutcome>> QueueCore::remove(GenerationId id) {
  const std::string name = id.to_string();
  std::optional<Error> failure;
  try {
    const Result<DeleteAnswer> found = co_await look_before_removal(name);
    if (!found) co_return found.error();
    if (std::holds_alternative<DeleteGone>(*found)) co_return RemoveOutcome(GenerationGone{});
    if (std::holds_alternative<DeleteUnknown>(*found)) co_return RemoveOutcome(GenerationUnknown{});
    const auto* const ended = std::get_if<DeleteEnded>(&*found);
    if (ended == nullptr) co_return RemoveOutcome(NotEnded{});
    const bool removed = co_await remove_job(ended->queue, name);
    if (!removed) co_return RemoveOutcome(NotEnded{});
    const Result<DeleteAnswer> done = co_await delete_ended(name, GenerationRecords::Deletion::kDo);
    if (!done) co_return done.error();
    if (std::holds_alternative<DeleteHeld>(*done) || std::holds_alternative<DeleteJobThere>(*done))
      co_return Error{std::string(error_code::kQueueUnavailable),
                      "the generation's job could not be removed from its queue: nothing was deleted", true};
    replicas_.remove(name);
    co_return RemoveOutcome(Removed{});
  } catch (const std::exception& error) {
    note_caught(faults, "remove");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

void QueueCore::note_connection(bool connected) {
  const std::lock_guard lock(health_mutex_);
  server_.connected = connected;
  server_.since = clock.now();
}

void QueueCore::note_error(std::string what) {
  const std::lock_guard lock(health_mutex_);
  server_.last_error = std::move(what);
  server_.last_error_at = clock.now();
}

}  // namespace shunt::executor

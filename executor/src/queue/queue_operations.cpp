#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/generation_scripts.hpp"
#include "queue/queue_core.hpp"
#include "queue/redis_fault.hpp"

namespace shunt::executor {
namespace {

// A worker settles its job right after it has written the end; one that does not is lost, and found later.
constexpr std::chrono::milliseconds kSettle{1'000};
constexpr std::chrono::milliseconds kSettlePause{20};

}  // namespace

awaitable<Result<RequestOutcome>> QueueCore::request_of(GenerationId id) {
  std::optional<Error> failure;
  try {
    std::vector<std::string> script_keys = keys.of_scripts();
    std::vector<std::string> arguments{id.to_string()};
    const bullmq::RedisReply reply =
        co_await queries_.run(scripts::request(), std::move(script_keys), std::move(arguments));
    if (reply.is_text() && reply.text == "gone") co_return RequestOutcome(GenerationGone{});
    if (reply.is_text()) co_return RequestOutcome(GenerationUnknown{});
    const std::string& text = reply.elements.at(0).text;
    if (text.empty()) co_return RequestOutcome(RequestForgotten{});
    auto envelope = decode_envelope(text);
    if (!envelope) co_return std::move(envelope).error();
    co_return RequestOutcome(std::move(envelope->request));
  } catch (const std::exception& error) {
    note_caught(faults, "request_of");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

awaitable<std::vector<std::string>> QueueCore::forget(std::string id, Forget how) {
  std::vector<std::string> script_keys = keys.of_scripts();
  std::vector<std::string> arguments{std::move(id), how == Forget::kDo ? "1" : ""};
  const bullmq::RedisReply reply =
      co_await queries_.run(scripts::forget(), std::move(script_keys), std::move(arguments));
  std::vector<std::string> words;
  for (const auto& element : reply.elements) words.push_back(element.text);
  co_return words;
}

// The job first: without it nothing can begin the generation anew.
awaitable<Result<RemoveOutcome>> QueueCore::remove(GenerationId id) {
  const std::string name = id.to_string();
  std::optional<Error> failure;
  try {
    const SteadyTime until = clock.steady_now() + kSettle;
    std::vector<std::string> found = co_await forget(name, Forget::kLook);
    while (found.at(0) == "held" && clock.steady_now() < until) {
      boost::asio::steady_timer pause(loop.context(), kSettlePause);
      co_await pause.async_wait(boost::asio::use_awaitable);
      found = co_await forget(name, Forget::kLook);
    }
    if (found.at(0) == "gone") co_return RemoveOutcome(GenerationGone{});
    if (found.at(0) == "unknown") co_return RemoveOutcome(GenerationUnknown{});
    if (found.at(0) != "ended") co_return RemoveOutcome(NotEnded{});
    for (const auto& [model, queue] : queues_) {
      if (keys.queue(model) == found.at(1)) co_await remove_job(model, name);
    }
    (void)co_await forget(name, Forget::kDo);
    mirrors_.remove(name);
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

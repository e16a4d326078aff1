#pragma once

#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "shunt/base/event_loop.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "support/eventually.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {

// Waits for a future with a deadline, so that a callback that never comes is a failure with a name.
template <typename T>
T await(std::future<T> future, std::string_view what, std::chrono::milliseconds deadline = kPatience) {
  if (future.wait_for(deadline) != std::future_status::ready) {
    throw std::runtime_error("no answer within the deadline: " + std::string(what));
  }
  return future.get();
}

// Calls an executor as a server would, from event loop threads, and waits for the answers.
class ExecutorClient {
 public:
  explicit ExecutorClient(EventLoopThreads& loops) : loops_(loops) {}
  void use(executor::GenerationExecutor& executor) { executor_ = &executor; }

  executor::SubmitOutcome submit(GenerationRequest request) {
    return call<executor::SubmitOutcome>("submit", [request = std::move(request)](auto& executor, auto done) {
      executor.submit(request, std::move(done));
    });
  }
  // For a request that must be accepted.
  GenerationId start(GenerationRequest request) {
    const auto outcome = submit(std::move(request));
    if (const auto* refused = std::get_if<executor::Refused>(&outcome)) {
      throw std::runtime_error("refused: " + refused->error.code.to_string() + ": " + refused->error.message);
    }
    return std::get<executor::Accepted>(outcome).id;
  }
  Result<executor::FindOutcome> find(const GenerationId& id) {
    return call<Result<executor::FindOutcome>>("find",
                                               [id](auto& e, auto done) { e.find(id, std::move(done)); });
  }
  GenerationRecord record(const GenerationId& id) { return std::get<GenerationRecord>(*find(id)); }
  Result<executor::CancelOutcome> cancel(const GenerationId& id, const std::string& reason) {
    return call<Result<executor::CancelOutcome>>(
        "cancel", [id, reason](auto& e, auto done) { e.cancel(id, reason, std::move(done)); });
  }
  Result<executor::RecordPage> list(const ListQuery& query) {
    return call<Result<executor::RecordPage>>(
        "list", [query](auto& e, auto done) { e.list(query, std::move(done)); });
  }
  Result<std::shared_ptr<const std::string>> load(const Artifact& artifact) {
    return call<Result<std::shared_ptr<const std::string>>>(
        "load", [artifact](auto& e, auto done) { e.load(artifact, std::move(done)); });
  }
  Result<executor::RequestOutcome> request_of(const GenerationId& id) {
    return call<Result<executor::RequestOutcome>>(
        "request_of", [id](auto& e, auto done) { e.request_of(id, std::move(done)); });
  }
  Result<executor::RemoveOutcome> remove(const GenerationId& id) {
    return call<Result<executor::RemoveOutcome>>("remove",
                                                 [id](auto& e, auto done) { e.remove(id, std::move(done)); });
  }
  Result<executor::Fleet> fleet() {
    return call<Result<executor::Fleet>>("fleet", [](auto& e, auto done) { e.fleet(std::move(done)); });
  }
  executor::DrainReport drain(std::chrono::milliseconds grace) {
    return call<executor::DrainReport>("drain",
                                       [grace](auto& e, auto done) { e.drain(grace, std::move(done)); });
  }
  std::unique_ptr<EventWatch> watch(const GenerationId& id, const WatchOptions& options = {}) {
    using Outcome = std::shared_ptr<Result<executor::WatchOutcome>>;
    const auto outcome = call<Outcome>("watch", [id, options](auto& e, auto done) {
      e.watch(id, options, [done](auto result) {
        done(std::make_shared<Result<executor::WatchOutcome>>(std::move(result)));
      });
    });
    return std::get<std::unique_ptr<EventWatch>>(std::move(**outcome));
  }

  // All events after `options.after_sequence`, up to the terminal one.
  std::vector<GenerationEvent> events(const GenerationId& id, const WatchOptions& options = {}) {
    const auto stream = watch(id, options);
    std::vector<GenerationEvent> all;
    while (!stream->ended()) {
      wait_ready(*stream);
      for (auto& event : stream->read()) all.push_back(std::move(event));
    }
    return all;
  }
  void wait_ready(EventWatch& stream) {
    auto ready = std::make_shared<std::promise<void>>();
    auto future = ready->get_future();
    stream.on_ready([ready] { ready->set_value(); });
    await(std::move(future), "the next event");
  }
  void wait_over(EventWatch& stream) {
    auto over = std::make_shared<std::promise<void>>();
    auto future = over->get_future();
    stream.on_end([over] { over->set_value(); });
    await(std::move(future), "the end of the generation");
  }
  GenerationRecord wait_for_end(const GenerationId& id) {
    wait_over(*watch(id));
    return record(id);
  }

 private:
  template <typename T, typename Fn>
  T call(std::string_view what, Fn fn) {
    auto promise = std::make_shared<std::promise<T>>();
    auto future = promise->get_future();
    loops_.pick().post([this, fn = std::move(fn), promise] {
      fn(*executor_, std::function<void(T)>([promise](T value) { promise->set_value(std::move(value)); }));
    });
    return await(std::move(future), what);
  }

  EventLoopThreads& loops_;
  executor::GenerationExecutor* executor_ = nullptr;
};

}  // namespace shunt::testing

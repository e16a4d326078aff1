#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "bullmq/queue.hpp"
#include "bullmq/queue_events.hpp"
#include "bullmq/worker.hpp"
#include "job_json.hpp"

namespace remote {

class NotSupported : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What the caller knows by one name.
struct Handle {
  std::optional<bullmq::Queue> queue;
  std::optional<bullmq::Worker> worker;
  std::optional<bullmq::QueueEvents> events;
  std::optional<bullmq::QueueEventsProducer> producer;
  // A worker's window to its queue, to find jobs by.
  std::optional<bullmq::Queue> jobs;
  // The events that the caller subscribed to.
  std::set<std::string, std::less<>> heard;
  // Events of the first moments that nobody had subscribed to yet.
  std::vector<std::pair<std::string, Json>> early;
  std::chrono::steady_clock::time_point made = std::chrono::steady_clock::now();
  // Jobs in a processor, or fetched by hand.
  std::map<std::string, bullmq::Job, std::less<>> held;
  std::vector<bullmq::Subscription> subscriptions;
};

// A processor that waits for the caller's answer.
struct Call {
  std::optional<Json> resolved;
  std::exception_ptr rejected;
  std::function<void()> wake;
};

// The objects, and the requests on them. One thread.
class Remote {
 public:
  Remote(bullmq::Executor executor, std::function<void(const Json&)> send)
      : executor_(std::move(executor)), send_(std::move(send)) {}

  [[nodiscard]] bullmq::awaitable<Json> answer(Json request);
  void settle(const Json& message);
  // Closes everything.
  [[nodiscard]] bullmq::awaitable<void> end();

  void send(const Json& message) const { send_(message); }
  [[nodiscard]] const bullmq::Executor& executor() const noexcept { return executor_; }
  [[nodiscard]] Handle& handle(const std::string& name);
  [[nodiscard]] Handle* find(const std::string& name);
  [[nodiscard]] std::map<int, std::shared_ptr<Call>>& calls() noexcept { return calls_; }
  [[nodiscard]] int next_call() noexcept { return ++last_call_; }
  // What the cancellation that goes on now was given as its reason.
  Json cancel_reason;
  // Sends an event if the caller has subscribed to it.
  void tell(const std::string& name, const std::string& event, const Json& args);

 private:
  void construct(const Json& request);
  void subscribe(const std::string& name, Handle& object, const std::string& event);
  [[nodiscard]] bullmq::awaitable<Json> call_on(Json request);

  bullmq::Executor executor_;
  std::function<void(const Json&)> send_;
  std::map<std::string, std::shared_ptr<Handle>, std::less<>> objects_;
  std::map<int, std::shared_ptr<Call>> calls_;
  int last_call_ = 0;
};

// The options of a call as an object; one that is not among `known` is NotSupported.
[[nodiscard]] Json call_options(const Json& given, std::initializer_list<std::string_view> known);

// The arguments of a call; those that were left out are null.
class Arguments {
 public:
  explicit Arguments(Json values) : values_(std::move(values)) {}
  [[nodiscard]] Json at(std::size_t i) const { return i < values_.size() ? values_[i] : Json(); }
  template <typename T>
  [[nodiscard]] T get(std::size_t i, T otherwise) const {
    return at(i).is_null() ? otherwise : at(i).get<T>();
  }
  [[nodiscard]] std::string text(std::size_t i) const {
    const Json value = at(i);
    return value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump();
  }
  // As JSON text; what was left out is `otherwise`.
  [[nodiscard]] std::string json(std::size_t i, const char* otherwise) const {
    return i < values_.size() ? values_[i].dump() : otherwise;
  }
  [[nodiscard]] const Json& all() const noexcept { return values_; }

 private:
  Json values_;
};

using QueueCalls =
    std::map<std::string, std::function<bullmq::awaitable<Json>(bullmq::Queue&, Arguments)>, std::less<>>;
[[nodiscard]] const QueueCalls& queue_calls();
using JobCalls =
    std::map<std::string, std::function<bullmq::awaitable<Json>(Remote&, bullmq::Job, Arguments)>,
             std::less<>>;
[[nodiscard]] const JobCalls& job_calls();
using WorkerCalls =
    std::map<std::string, std::function<bullmq::awaitable<Json>(Handle&, Arguments)>, std::less<>>;
[[nodiscard]] const WorkerCalls& worker_calls();
[[nodiscard]] bullmq::Processor remote_processor(Remote& remote, const std::string& name);
void subscribe_worker(Remote& remote, const std::string& name, Handle& handle);
[[nodiscard]] Json worker_property(bullmq::Worker& worker, const std::string& property);

}  // namespace remote

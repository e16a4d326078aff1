#include "shunt/executor/queue_worker.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <mutex>
#include <random>
#include <utility>

#include "bullmq/error.hpp"
#include "bullmq/worker.hpp"
#include "queue/generation_scripts.hpp"
#include "queue/inbox.hpp"
#include "queue/queued_run.hpp"
#include "queue/stored_generation.hpp"
#include "queue/worker_lease.hpp"
#include "shunt/base/log.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;

// A job that this version cannot read is for a newer worker: it comes back after this long.
constexpr std::chrono::milliseconds kPutBack{5'000};
constexpr std::chrono::milliseconds kPauseAfterError{100};
// What a job's return value holds itself; the log and the artifact store hold everything.
constexpr std::size_t kInlineBytes = 64UL * 1024;

std::string make_process_name() {
  std::random_device random;
  std::string name = "worker-";
  for (int i = 0; i < 4; ++i) name += std::to_string(random());
  return name;
}

// For BullMQ clients that know nothing of logs.
std::string return_value_of(const Generation& generation) {
  const GenerationRecord record = generation.record();
  JsonObject value;
  if (record.text.size() <= kInlineBytes) {
    value["text"] = record.text;
  } else {
    value["text_bytes"] = record.text.size();
  }
  if (!record.result.is_null()) {
    const std::size_t bytes = to_json_text(record.result).size();
    if (bytes <= kInlineBytes) {
      value["result"] = record.result;
    } else {
      value["result_bytes"] = bytes;
    }
  }
  return to_json_text(value);
}

class Worker final : public std::enable_shared_from_this<Worker> {
 public:
  Worker(const ModelRegistry& models, ArtifactStore& artifacts, EventLoopThreads& generator_loops,
         EventLoop& loop, QueueWorkerOptions options);
  void start();
  awaitable<WorkerReport> stop(std::chrono::milliseconds grace);
  void close();
  [[nodiscard]] WorkerDescription describe() const;

 private:
  awaitable<std::string> process(bullmq::Job job, std::stop_token stop, std::string model);
  struct Begun {
    std::string kind;
    std::uint64_t attempt = 0;
    std::uint64_t sequence = 0;
    std::string reason;
  };
  awaitable<Begun> begin(const Envelope& envelope);
  awaitable<void> put_back(bullmq::Job job);
  awaitable<void> keep_lease();
  void on_message(const std::string& id, const std::string& message);
  void tell_ended(const QueuedRun& run, const std::string& model);
  void tell_let_go(const std::string& model, WorkerObserver::LetGo how) const;
  [[nodiscard]] bullmq::SharedConnection connect(const std::string& name) const;
  [[nodiscard]] bullmq::WorkerOptions worker_options(const Model& model) const;

  ArtifactStore& artifacts_;
  EventLoopThreads& generator_loops_;
  EventLoop& loop_;
  const QueueWorkerOptions options_;
  const Clock& clock_;
  const GenerationKeys keys_;
  const std::string process_;
  std::map<std::string, Model> models_;
  std::map<std::string, ModelSlots> slots_;
  bullmq::Redis commands_;
  bullmq::Redis blocking_;
  std::shared_ptr<CallGroup> begins_;
  std::shared_ptr<LogWriter> log_;
  std::shared_ptr<Inbox> inbox_;
  boost::asio::thread_pool files_{2};
  std::vector<bullmq::Worker> workers_;
  std::vector<bullmq::Subscription> subscriptions_;
  std::map<std::string, std::shared_ptr<QueuedRun>> runs_;
  WorkerLease lease_;
  boost::asio::steady_timer lease_timer_;
  std::size_t given_back_ = 0;  // since it was told to stop
  bool stopping_ = false;
  bool closed_ = false;

  mutable std::mutex mutex_;
  WorkerDescription description_{.connected = false, .reason = "not connected to Redis yet", .running = 0};
};

Worker::Worker(const ModelRegistry& models, ArtifactStore& artifacts, EventLoopThreads& generator_loops,
               EventLoop& loop, QueueWorkerOptions options)
    : artifacts_(artifacts),
      generator_loops_(generator_loops),
      loop_(loop),
      options_(std::move(options)),
      clock_(*options_.clock),
      keys_(options_.queue.prefix),
      process_(make_process_name()),
      commands_(connect("shunt:worker")),
      blocking_(connect("shunt:worker-inbox")),
      lease_timer_(loop.context()) {
  for (const auto& [name, model] : models.all()) {
    const bool wanted = options_.models.empty() || std::find(options_.models.begin(), options_.models.end(),
                                                             name) != options_.models.end();
    if (!wanted) continue;
    Model own = model;
    if (options_.concurrency) own.concurrency = *options_.concurrency;
    // Whoever waits here has a job in this worker already.
    own.max_waiting = own.concurrency;
    models_.emplace(name, std::move(own));
  }
  for (const auto& [name, model] : models_) slots_.try_emplace(name, model);
}

bullmq::SharedConnection Worker::connect(const std::string& name) const {
  bullmq::ConnectionOptions connection;
  connection.url = options_.queue.redis_url;
  connection.command_timeout = options_.queue.command_timeout;
  connection.client_name = name;
  return bullmq::open_connection(loop_.context().get_executor(), std::move(connection));
}

bullmq::WorkerOptions Worker::worker_options(const Model& model) const {
  bullmq::WorkerOptions worker;
  worker.connection.url = options_.queue.redis_url;
  worker.prefix = keys_.prefix;
  worker.name = lease_.name;
  worker.concurrency = model.concurrency;
  worker.lock_duration = options_.queue.lock_duration;
  worker.stalled_interval = options_.queue.stalled_interval;
  worker.max_stalled_count = static_cast<std::int64_t>(options_.queue.max_stalled_count);
  // A generator has its model's grace to stop; what it still writes afterwards is fenced.
  worker.cancel_grace = model.stop_grace;
  return worker;
}

void Worker::start() {
  lease_.process = process_;
  lease_.name = options_.name.empty() ? process_ : options_.name;
  lease_.version = options_.version;
  lease_.started_at = clock_.now();
  CallGroupOptions beginning;
  beginning.base = keys_.base;
  beginning.common = [process = process_] { return std::vector<std::string>{process}; };
  // Once more than needed does no harm: it is one more attempt.
  beginning.idempotent = true;
  begins_ = std::make_shared<CallGroup>(loop_, commands_, scripts::begin(), std::move(beginning));
  log_ = std::make_shared<LogWriter>(loop_, commands_, keys_, options_.queue, options_.observer);
  const std::weak_ptr<Worker> weak = weak_from_this();
  inbox_ = std::make_shared<Inbox>(loop_, blocking_, commands_, keys_.inbox(process_),
                                   [weak](const std::string& id, const std::string& message) {
                                     if (const auto self = weak.lock()) self->on_message(id, message);
                                   });
  inbox_->start();
  subscriptions_.push_back(commands_.on_up().subscribe([weak] {
    const auto self = weak.lock();
    if (!self) return;
    const std::lock_guard lock(self->mutex_);
    self->description_.connected = true;
    self->description_.reason.clear();
  }));
  subscriptions_.push_back(commands_.on_error().subscribe([weak](const std::exception& error) {
    const auto self = weak.lock();
    if (!self) return;
    const std::lock_guard lock(self->mutex_);
    self->description_.connected = false;
    self->description_.reason = error.what();
  }));
  for (const auto& [name, model] : models_) {
    lease_.models.push_back({name, model.concurrency});
    bullmq::Processor processor = [weak, model_name = name](bullmq::Job job,
                                                            std::stop_token stop) -> awaitable<std::string> {
      const auto self = weak.lock();
      if (!self) throw bullmq::WaitingError();
      return self->process(std::move(job), std::move(stop), model_name);
    };
    workers_.emplace_back(loop_.context().get_executor(), queue_name(name), std::move(processor),
                          worker_options(model));
    subscriptions_.push_back(workers_.back().events().error.subscribe([name](const std::exception& error) {
      log::warn("worker.error", {{"model", name}, {"error", error.what()}});
    }));
    if (options_.observer == nullptr) continue;
    subscriptions_.push_back(workers_.back().events().lock_renewal_failed.subscribe(
        [observer = options_.observer, name](const std::vector<std::string>& jobs) {
          observer->locks_not_renewed(name, jobs.size());
        }));
  }
  boost::asio::co_spawn(
      loop_.context(),
      [](std::shared_ptr<Worker> self) -> awaitable<void> {
        co_await self->keep_lease();
      }(shared_from_this()),
      boost::asio::detached);
}

// ---- A job.

awaitable<Worker::Begun> Worker::begin(const Envelope& envelope) {
  const auto left = envelope.deadline ? *envelope.deadline - clock_.now() : std::chrono::hours(24);
  const auto ttl =
      std::max<std::chrono::milliseconds>(left, std::chrono::milliseconds(0)) + options_.queue.retention;
  std::vector<std::string> arguments;
  arguments.push_back(envelope.id.to_string());
  arguments.push_back(keys_.queue(envelope.request.model));
  arguments.push_back(encode_head(envelope));
  arguments.push_back(std::to_string(ttl.count()));
  arguments.push_back(std::to_string(envelope.created_at.time_since_epoch().count()));
  while (true) {
    std::vector<std::string> copy = arguments;
    std::exception_ptr failure;
    bullmq::RedisReply reply;
    try {
      reply = co_await begins_->call(std::move(copy));
    } catch (const bullmq::ConnectionError&) {
      failure = std::current_exception();
    }
    if (!failure) {
      Begun begun;
      begun.kind = reply.elements.at(0).text;
      if (begun.kind == "ended") co_return begun;
      begun.attempt = static_cast<std::uint64_t>(reply.elements.at(1).to_int());
      begun.sequence = static_cast<std::uint64_t>(reply.elements.at(2).to_int());
      if (reply.elements.size() > 3) begun.reason = reply.elements[3].text;
      co_return begun;
    }
    if (closed_) std::rethrow_exception(failure);
    boost::asio::steady_timer pause(loop_.context(), kPauseAfterError);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

// Not failed: a worker of the version that wrote it will understand it.
awaitable<void> Worker::put_back(bullmq::Job job) {
  const auto until = (clock_.now() + kPutBack).time_since_epoch().count();
  co_await job.move_to_delayed(until, job.token());
  throw bullmq::DelayedError();
}

awaitable<std::string> Worker::process(bullmq::Job job, std::stop_token stop, std::string model) {
  const auto self = shared_from_this();
  // The stop token tells all. Asio's own cancellation would make the next await throw, which is the one that
  // gives the job back.
  co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
  auto envelope = decode_envelope(job.data());
  if (!envelope && envelope.error().code == error_code::kUnsupportedEnvelope) {
    log::warn("worker.envelope_put_back", {{"job", job.id()}, {"error", envelope.error().message}});
    tell_let_go(model, WorkerObserver::LetGo::kPutBack);
    co_await put_back(job);
  }
  if (!envelope)
    throw bullmq::UnrecoverableError("the job's data is no envelope: " + envelope.error().message);
  if (envelope->id.to_string() != job.id()) {
    throw bullmq::UnrecoverableError("the job's id must be its envelope's: " + envelope->id.to_string());
  }
  lease_.last_claim_at = clock_.now();
  Begun begun = co_await begin(*envelope);
  if (begun.kind == "ended") co_return "null";
  if (options_.observer != nullptr) options_.observer->claimed(model, begun.attempt);
  QueuedRun::Services services{loop_, log_, artifacts_, files_, clock_};
  const auto run =
      std::make_shared<QueuedRun>(std::move(services), std::move(*envelope), begun.attempt, begun.sequence);
  const std::string id = job.id();
  runs_[id] = run;
  // The lock was lost, or this worker closes: either way the job is not ours any more.
  const std::stop_callback abandon(stop, [&run] { run->abandon("the worker lost the generation"); });
  QueuedRun::End end = QueuedRun::End::kLost;
  if (begun.kind == "cancelled") {
    end = co_await run->cancel_unrun(begun.reason);
  } else {
    end = co_await run->run(slots_.at(model), generator_loops_.pick());
  }
  runs_.erase(id);
  if (end == QueuedRun::End::kLost) {
    if (stopping_) ++given_back_;
    const bool given_back = stop.stop_requested() && stopping_;
    tell_let_go(model, given_back ? WorkerObserver::LetGo::kGivenBack : WorkerObserver::LetGo::kLost);
    if (given_back) co_await job.move_to_wait(job.token());
    throw bullmq::WaitingError();
  }
  tell_ended(*run, model);
  const Generation& generation = run->generation();
  if (generation.state() == GenerationState::kFailed) {
    const GenerationRecord record = generation.record(Generation::Detail::kSummary);
    throw bullmq::UnrecoverableError(record.error->code + ": " + record.error->message);
  }
  co_return return_value_of(generation);
}

void Worker::on_message(const std::string& id, const std::string& message) {
  constexpr std::string_view kCancel = "cancel:";
  const auto run = runs_.find(id);
  if (run != runs_.end() && message.starts_with(kCancel)) run->second->cancel(message.substr(kCancel.size()));
}

void Worker::tell_ended(const QueuedRun& run, const std::string& model) {
  if (options_.observer == nullptr) return;
  const std::string id = run.generation().id().to_string();
  const std::string code = run.generation().error_code();
  options_.observer->ended({.id = id,
                            .model = model,
                            .state = run.generation().state(),
                            .error_code = code,
                            .waited = run.waited(),
                            .ran = run.ran()});
}

void Worker::tell_let_go(const std::string& model, WorkerObserver::LetGo how) const {
  if (options_.observer != nullptr) options_.observer->let_go(model, how);
}

// ---- Its life.

awaitable<void> Worker::keep_lease() {
  const auto self = shared_from_this();
  while (!stopping_) {
    lease_.running = runs_.size();
    {
      const std::lock_guard lock(mutex_);
      description_.running = runs_.size();
    }
    try {
      WorkerLease copy = lease_;
      co_await renew_lease(commands_, keys_, std::move(copy), options_.queue.lease, clock_.now());
    } catch (const std::exception&) {
      // The connection says so itself.
    }
    if (stopping_) break;
    lease_timer_.expires_after(options_.queue.lease / 3);
    boost::system::error_code ignored;
    co_await lease_timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }
}

awaitable<WorkerReport> Worker::stop(std::chrono::milliseconds grace) {
  const auto self = shared_from_this();
  stopping_ = true;
  lease_timer_.cancel();
  try {
    WorkerLease copy = lease_;
    co_await end_lease(commands_, keys_, std::move(copy));
  } catch (const std::exception&) {
    // It expires by itself.
  }
  const std::size_t before = runs_.size();
  std::size_t closing = workers_.size();
  boost::asio::steady_timer pause(loop_.context());
  for (bullmq::Worker& worker : workers_) {
    boost::asio::co_spawn(loop_.context(), worker.close(grace),
                          [&closing](std::exception_ptr) { --closing; });
  }
  while (closing > 0) {
    pause.expires_after(std::chrono::milliseconds(5));
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  WorkerReport report;
  report.given_back = std::min(before, given_back_);
  report.finished = before - report.given_back;
  co_return report;
}

void Worker::close() {
  if (std::exchange(closed_, true)) return;
  stopping_ = true;
  lease_timer_.cancel();
  subscriptions_.clear();
  workers_.clear();
  for (const auto& [id, run] : runs_) run->abandon("the worker ends");
  inbox_->stop();
  commands_.close();
  files_.join();
}

WorkerDescription Worker::describe() const {
  const std::lock_guard lock(mutex_);
  return description_;
}

class ThreadedWorker final : public QueueWorker {
 public:
  ThreadedWorker(const ModelRegistry& models, ArtifactStore& artifacts, EventLoopThreads& loops,
                 QueueWorkerOptions options)
      : threads_(1) {
    threads_.at(0).run_on_thread([&] {
      worker_ = std::make_shared<Worker>(models, artifacts, loops, threads_.at(0), std::move(options));
      worker_->start();
    });
  }
  ~ThreadedWorker() override {
    threads_.at(0).run_on_thread([&] { worker_->close(); });
    threads_.stop_and_join();
  }
  void stop(std::chrono::milliseconds grace, std::function<void(WorkerReport)> done) override {
    threads_.at(0).post([this, grace, done = std::move(done)] {
      boost::asio::co_spawn(
          threads_.at(0).context(),
          [](std::shared_ptr<Worker> worker, std::chrono::milliseconds patience,
             std::function<void(WorkerReport)> tell) -> awaitable<void> {
            WorkerReport report = co_await worker->stop(patience);
            tell(report);
          }(worker_, grace, done),
          boost::asio::detached);
    });
  }
  WorkerDescription describe() const override { return worker_->describe(); }

 private:
  EventLoopThreads threads_;
  std::shared_ptr<Worker> worker_;
};

}  // namespace

std::unique_ptr<QueueWorker> make_queue_worker(const ModelRegistry& models, ArtifactStore& artifacts,
                                               EventLoopThreads& loops, QueueWorkerOptions options) {
  return std::make_unique<ThreadedWorker>(models, artifacts, loops, std::move(options));
}

}  // namespace shunt::executor

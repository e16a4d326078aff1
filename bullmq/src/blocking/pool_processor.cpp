#include "blocking/pool_processor.hpp"

#include <boost/asio/this_coro.hpp>
#include <exception>
#include <utility>

#include "blocking/job_handle.hpp"
#include "bullmq/error.hpp"
#include "redis/wakeup.hpp"

namespace bullmq::detail {

namespace asio = boost::asio;

namespace {

// The executor may be busy with the user's own work when an answer comes.
constexpr Milliseconds kExecutorMargin{5'000};

}  // namespace

struct PoolProcessor::Run {
  explicit Run(const Executor& executor) : ended(executor) {}
  Wakeup ended;
  bool done = false;
  std::string return_value;
  std::exception_ptr failure;
};

PoolProcessor::PoolProcessor(Executor executor, BlockingProcessor processor, const WorkerOptions& options)
    : processor_(std::make_shared<const BlockingProcessor>(std::move(processor))),
      gate_(
          std::make_shared<Gate>(std::move(executor), options.connection.command_timeout + kExecutorMargin)),
      pool_(options.concurrency) {
  if (!*processor_) throw ValidationError("No process function is defined.");
}

PoolProcessor::~PoolProcessor() {
  end(Milliseconds(0));
}

Processor PoolProcessor::as_coroutine() {
  return [self = shared_from_this()](Job job, std::stop_token stop) {
    return process(self, std::move(job), std::move(stop));
  };
}

void PoolProcessor::end(Milliseconds grace) {
  // First: a thread that waits for the executor ends, while the executor's thread waits for it here.
  gate_->close();
  pool_.shut_down(grace);
  for (const auto& run : std::exchange(runs_, {})) {
    run->failure = std::make_exception_ptr(Error("the worker ended before its processor"));
    run->done = true;
    run->ended.wake();
  }
}

awaitable<std::string> PoolProcessor::process(std::shared_ptr<PoolProcessor> self, Job job,
                                              std::stop_token stop) {
  // A cancelled job ends when its function does.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  const auto executor = co_await asio::this_coro::executor;
  const auto run = std::make_shared<Run>(executor);
  self->start(std::move(job), std::move(stop), run);
  self->runs_.insert(run);
  while (!run->done) co_await run->ended.wait();
  self->runs_.erase(run);
  if (run->failure) std::rethrow_exception(std::exchange(run->failure, nullptr));
  co_return std::move(run->return_value);
}

void PoolProcessor::start(Job job, std::stop_token stop, const std::shared_ptr<Run>& run) {
  // Nothing of the executor's is owned by the task: its thread may be the last that is left.
  pool_.run([processor = processor_, gate = gate_, handle = make_blocking_job(gate_, std::move(job)),
             stop = std::move(stop), weak = std::weak_ptr<Run>(run)]() mutable {
    std::string value;
    std::exception_ptr failure;
    try {
      value = (*processor)(handle, stop);
    } catch (...) {
      failure = std::current_exception();
    }
    gate->post([weak, value = std::move(value), failure = std::move(failure)]() mutable {
      const auto strong = weak.lock();
      if (!strong) return;
      strong->return_value = std::move(value);
      strong->failure = std::move(failure);
      strong->done = true;
      strong->ended.wake();
    });
  });
}

}  // namespace bullmq::detail

#include "shunt/executor/queue_worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <utility>

#include "queue/worker/generation_worker.hpp"

namespace shunt::executor {
namespace {

class ThreadedWorker final : public QueueWorker {
 public:
  ThreadedWorker(const ModelRegistry& models, ArtifactStore& artifacts, EventLoopThreads& loops,
                 QueueWorkerOptions options)
      : threads_(1) {
    threads_.at(0).run_on_thread([&] {
      worker_ =
          std::make_unique<GenerationWorker>(models, artifacts, loops, threads_.at(0), std::move(options));
      worker_->start();
    });
    following_ = models.follow([this] { threads_.at(0).post([this] { worker_->follow_models(); }); });
  }
  ~ThreadedWorker() override {
    following_ = {};
    threads_.at(0).run_on_thread([&] { worker_->close(); });
    threads_.stop_and_join();
    worker_->wait_for_files();
  }
  void choose(std::vector<std::string> models, std::optional<std::size_t> concurrency) override {
    threads_.at(0).post([this, models = std::move(models), concurrency]() mutable {
      worker_->choose(std::move(models), concurrency);
    });
  }
  void stop(std::chrono::milliseconds grace, std::function<void(WorkerReport)> done) override {
    // Detached: the worker lives as long as the loop runs.
    boost::asio::co_spawn(threads_.at(0).context(), report_stop(worker_->stop(grace), std::move(done)),
                          boost::asio::detached);
  }
  WorkerDescription describe() const override { return worker_->describe(); }

 private:
  static bullmq::awaitable<void> report_stop(bullmq::awaitable<WorkerReport> stopping,
                                             std::function<void(WorkerReport)> done) {
    const WorkerReport report = co_await std::move(stopping);
    done(report);
  }

  EventLoopThreads threads_;
  std::unique_ptr<GenerationWorker> worker_;
  ModelRegistry::Follower following_;
};

}  // namespace

std::unique_ptr<QueueWorker> make_queue_worker(const ModelRegistry& models, ArtifactStore& artifacts,
                                               EventLoopThreads& loops, QueueWorkerOptions options) {
  return std::make_unique<ThreadedWorker>(models, artifacts, loops, std::move(options));
}

}  // namespace shunt::executor

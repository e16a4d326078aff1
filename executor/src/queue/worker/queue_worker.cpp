#include "shunt/executor/queue_worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "queue/worker/worker_process.hpp"

namespace shunt::executor {
namespace {

class ThreadedWorker final : public QueueWorker {
 public:
  ThreadedWorker(const ModelRegistry& models, ArtifactStore& artifacts, EventLoopThreads& loops,
                 QueueWorkerOptions options)
      : threads_(1) {
    threads_.at(0).run_on_thread([&] {
      core_ = std::make_shared<WorkerCore>(models, artifacts, loops, threads_.at(0), std::move(options));
      core_->start();
    });
  }
  ~ThreadedWorker() override {
    threads_.at(0).run_on_thread([&] { core_->close(); });
    threads_.stop_and_join();
    core_->wait_for_files();
  }
  void stop(std::chrono::milliseconds grace, std::function<void(WorkerReport)> done) override {
    threads_.at(0).post([this, grace, done = std::move(done)] {
      boost::asio::co_spawn(
          threads_.at(0).context(),
          [](std::shared_ptr<WorkerCore> core, std::chrono::milliseconds patience,
             std::function<void(WorkerReport)> tell) -> awaitable<void> {
            WorkerReport report = co_await core->stop(patience);
            tell(report);
          }(core_, grace, done),
          boost::asio::detached);
    });
  }
  WorkerDescription describe() const override { return core_->describe(); }

 private:
  EventLoopThreads threads_;
  std::shared_ptr<WorkerCore> core_;
};

}  // namespace

std::unique_ptr<QueueWorker> make_queue_worker(const ModelRegistry& models, ArtifactStore& artifacts,
                                               EventLoopThreads& loops, QueueWorkerOptions options) {
  return std::make_unique<ThreadedWorker>(models, artifacts, loops, std::move(options));
}

}  // namespace shunt::executor

#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "queue/services/queue_services.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// The services of a queue executor on a thread of their own. Whoever holds this may call them, from any
// thread through launch(); the last one who lets go ends them.
class SharedServices {
 public:
  SharedServices(const ModelRegistry& models, ArtifactStore& artifacts, QueueExecutorOptions options)
      : threads_(1) {
    threads_.at(0).run_on_thread([&] {
      services_ = std::make_unique<QueueServices>(models, artifacts, std::move(options), threads_.at(0));
      services_->start();
    });
  }
  SharedServices(const SharedServices&) = delete;
  SharedServices& operator=(const SharedServices&) = delete;
  ~SharedServices() {
    run([](QueueServices& services) { services.stop(); });
    threads_.stop_and_join();
    services_->context.wait_for_files();
  }

  [[nodiscard]] QueueServices& operator*() const noexcept { return *services_; }
  [[nodiscard]] QueueServices* operator->() const noexcept { return services_.get(); }

  // Runs it on the services' thread, and returns when it has run. Any other thread.
  void run(const std::function<void(QueueServices&)>& fn) {
    threads_.at(0).run_on_thread([&] { fn(*services_); });
  }
  // Hands the result of a service to whoever waits for it. Any thread.
  template <typename Outcome>
  void launch(bullmq::awaitable<Outcome> work, std::function<void(Outcome)> done) {
    services_->context.launch(answer<Outcome>(std::move(work), std::move(done)));
  }

 private:
  template <typename Outcome>
  static bullmq::awaitable<void> answer(bullmq::awaitable<Outcome> work, std::function<void(Outcome)> done) {
    Outcome outcome = co_await std::move(work);
    done(std::move(outcome));
  }

  EventLoopThreads threads_;
  std::unique_ptr<QueueServices> services_;
};

[[nodiscard]] std::unique_ptr<GenerationExecutor> make_queue_executor(
    std::shared_ptr<SharedServices> services, std::shared_ptr<GenerationIdSource> ids);

}  // namespace shunt::executor

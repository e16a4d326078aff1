#include "shunt/flip/shadow_leftovers.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "bullmq/redis.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"
#include "shunt/executor/redis/redis_address.hpp"
#include "store/shadow_copies.hpp"

namespace shunt::flip {

class ShadowLeftovers::Looks {
 public:
  explicit Looks(ShadowLeftoversOptions options) : options_(std::move(options)), threads_(1) {
    threads_.at(0).run_on_thread([this] {
      looking_ = executor::run_periodically(threads_.at(0), *options_.faults, "shadow_leftovers",
                                            options_.interval, [this] { return look(); });
    });
  }
  Looks(const Looks&) = delete;
  Looks& operator=(const Looks&) = delete;
  ~Looks() {
    threads_.at(0).run_on_thread([this] {
      looking_.stop();
      if (redis_) redis_->close();
    });
    threads_.stop_and_join();
  }

  [[nodiscard]] bool cleans() const noexcept { return cleans_; }

 private:
  // A connection for each look: there is nothing to find for months.
  bullmq::awaitable<void> look() {
    bullmq::ConnectionOptions connection = executor::connection_options(options_.queue);
    connection.command_timeout = options_.queue.command_timeout;
    connection.client_name = "shunt:shadow-leftovers";
    const std::string base = options_.queue.prefix + "::gen:";
    redis_.emplace(bullmq::open_connection(threads_.at(0).context().get_executor(), std::move(connection)),
                   base);
    std::exception_ptr failure;
    bool found = false;
    try {
      auto looking = has_copies(*redis_, base);
      found = co_await std::move(looking);
    } catch (...) {
      failure = std::current_exception();
    }
    redis_->close();
    redis_.reset();
    if (failure) std::rethrow_exception(failure);
    cleans_ = found;
    if (!found) {
      executor_.reset();
    } else if (!executor_) {
      executor_ = options_.make_executor();
    }
  }

  const ShadowLeftoversOptions options_;
  std::atomic<bool> cleans_{false};
  EventLoopThreads threads_;
  std::optional<bullmq::Redis> redis_;  // during a look
  std::unique_ptr<executor::GenerationExecutor> executor_;
  executor::PeriodicDuty looking_;
};

ShadowLeftovers::ShadowLeftovers(ShadowLeftoversOptions options)
    : looks_(std::make_unique<Looks>(std::move(options))) {}
ShadowLeftovers::~ShadowLeftovers() = default;

bool ShadowLeftovers::cleans() const noexcept {
  return looks_->cleans();
}

}  // namespace shunt::flip

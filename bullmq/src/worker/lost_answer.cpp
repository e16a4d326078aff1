// A call that takes a job and whose answer is lost leaves the job active, locked with our token, and nobody
// works on it: it would wait until its lock expires and a stalled check finds it. We look for it instead.
#include <utility>

#include "bullmq/error.hpp"
#include "worker/worker_state.hpp"

namespace bullmq {

awaitable<std::optional<Job>> Worker::State::find_taken(std::string token) {
  while (true) {
    try {
      auto record = co_await backend->find_locked_job(token);
      if (!record) co_return std::nullopt;
      co_return backend->make_job(std::move(*record), token);
    } catch (const ConnectionError&) {
      // Its connection has told, and Redis is asked again.
      if (is_over() || backend->connection().is_closed()) throw;
    }
    co_await sleep(options.run_retry_delay);
  }
}

awaitable<void> Worker::State::adopt_lost_fetches() {
  while (!lost_fetches.empty()) {
    const std::string token = lost_fetches.back();
    auto job = co_await find_taken(token);
    std::erase(lost_fetches, token);
    if (job && !in_process.contains(token)) co_await begin(std::move(*job));
  }
}

awaitable<bool> Worker::State::give_back(Job job) {
  try {
    co_await backend->move_to_wait(job.id(), job.token());
    co_return true;
  } catch (const std::exception& error) {
    // It is found by a stalled check when its lock has expired.
    report(error);
  }
  co_return false;
}

}  // namespace bullmq

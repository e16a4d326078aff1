// A queue, its jobs and its workers over a Redis that says anything. Checks that every call ends, and that
// only the library's errors come out.
#include <boost/asio/co_spawn.hpp>
#include <functional>
#include <optional>

#include "bullmq/error.hpp"
#include "bullmq/queue.hpp"
#include "bullmq/worker.hpp"
#include "support/fuzzing.hpp"
#include "support/lying_redis.hpp"

namespace {

namespace asio = boost::asio;
using bullmq::awaitable;
using bullmq::Job;
using bullmq::Queue;
using shunt::fuzz::check;

using Call = std::function<awaitable<void>(Queue&)>;

template <typename Operation>
Call ignoring(Operation operation) {
  return [operation](Queue& queue) -> awaitable<void> { co_await operation(queue); };
}

// A job that lives as long as the call.
template <typename Operation>
Call of_job(Operation operation) {
  return [operation](Queue& queue) -> awaitable<void> {
    Job job = queue.job_handle("7");
    co_await operation(job);
  };
}

// What the calls of the library make of scripts' and commands' replies.
const std::vector<Call>& calls() {
  static const std::vector<Call> all{
      ignoring([](Queue& queue) { return queue.add("paint", "{}"); }),
      ignoring([](Queue& queue) { return queue.add_bulk({{"a", "{}", {}}, {"b", "{}", {}}}); }),
      ignoring([](Queue& queue) { return queue.get_job("7"); }),
      ignoring([](Queue& queue) {
        return queue.get_jobs({bullmq::JobState::completed, bullmq::JobState::waiting});
      }),
      ignoring([](Queue& queue) { return queue.job_counts(); }),
      ignoring([](Queue& queue) { return queue.count(); }),
      ignoring([](Queue& queue) { return queue.delayed_count(1'764'000'000'000); }),
      ignoring([](Queue& queue) { return queue.counts_per_priority({1, 2}); }),
      ignoring([](Queue& queue) { return queue.job_state("7"); }),
      ignoring([](Queue& queue) { return queue.job_logs("7"); }),
      ignoring([](Queue& queue) { return queue.meta(); }),
      ignoring([](Queue& queue) { return queue.version(); }),
      ignoring([](Queue& queue) { return queue.metrics(bullmq::FinishedState::completed); }),
      ignoring([](Queue& queue) { return queue.export_prometheus_metrics(); }),
      ignoring([](Queue& queue) { return queue.workers(); }),
      ignoring([](Queue& queue) { return queue.workers_count(); }),
      ignoring([](Queue& queue) { return queue.is_paused(); }),
      ignoring([](Queue& queue) { return queue.is_maxed(); }),
      ignoring([](Queue& queue) { return queue.rate_limit_ttl(); }),
      ignoring([](Queue& queue) { return queue.global_concurrency(); }),
      ignoring([](Queue& queue) { return queue.global_rate_limit(); }),
      ignoring([](Queue& queue) { return queue.deduplication_job_id("d"); }),
      ignoring([](Queue& queue) { return queue.remove("7"); }),
      ignoring([](Queue& queue) { return queue.clean({}); }),
      ignoring([](Queue& queue) { return queue.add_job_log("7", "line"); }),
      ignoring([](Queue& queue) { return queue.update_job_progress("7", "1"); }),
      of_job([](Job& job) { return job.state(); }),
      of_job([](Job& job) { return job.promote(); }),
      of_job([](Job& job) { return job.retry(); }),
      of_job([](Job& job) { return job.children_values(); }),
      of_job([](Job& job) { return job.dependencies(); }),
      of_job([](Job& job) { return job.dependencies_count(); }),
      of_job([](Job& job) { return job.move_to_completed("1", "t", bullmq::FetchNext::yes); }),
      of_job([](Job& job) { return job.move_to_failed("why", "t", bullmq::FetchNext::yes); }),
      of_job([](Job& job) { return job.extend_lock("t", bullmq::Milliseconds(1'000)); }),
  };
  return all;
}

struct World {
  asio::io_context loop{1};
  shunt::fuzz::LyingRedis redis{loop};
  Queue queue{loop.get_executor(), "paint", options()};

  bullmq::QueueOptions options() const {
    bullmq::QueueOptions made;
    made.connection.url = redis.url();
    return made;
  }

  // Until it has ended. A foreign exception leaves the target, which is a finding.
  void run(awaitable<void> work) {
    std::optional<std::exception_ptr> ended;
    asio::co_spawn(loop, std::move(work), [&ended](std::exception_ptr failure) { ended = failure; });
    while (!ended) loop.run_one();
    if (*ended) std::rethrow_exception(*ended);
  }
};

awaitable<void> call(World& world, const Call& operation) {
  try {
    co_await operation(world.queue);
  } catch (const bullmq::Error& error) {
    check(!std::string_view(error.what()).empty(), "an error has words");
  }
}

awaitable<std::string> process(Job job) {
  if (job.name() == "fails") throw bullmq::UnrecoverableError("no");
  co_return "1";
}

// A worker takes and ends what it is told of, until there is no more.
awaitable<void> work(World& world) {
  bullmq::WorkerOptions options;
  options.connection.url = world.redis.url();
  options.concurrency = 2;
  options.skip_stalled_check = options.skip_lock_renewal = true;
  options.run_retry_delay = options.max_error_pause = bullmq::Milliseconds(1);
  options.drain_delay = bullmq::Milliseconds(1);
  bullmq::Worker worker(
      world.loop.get_executor(), "paint", [](Job job, std::stop_token) { return process(std::move(job)); },
      options);
  for (int turns = 0; turns < 200 && !world.redis.has_told_all(); ++turns) {
    asio::steady_timer pause(world.loop, std::chrono::milliseconds(1));
    co_await pause.async_wait(asio::use_awaitable);
  }
  co_await worker.close(bullmq::Milliseconds(0));
}

}  // namespace

// The first byte says what is called ('w': a worker), the rest is what Redis says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World& world = *new World;  // as long as the process
  if (size == 0) return 0;
  world.redis.tell(shunt::fuzz::text_of(data, size).substr(1));
  if (data[0] == 'w') {
    world.run(work(world));
  } else {
    world.run(call(world, calls()[data[0] % calls().size()]));
  }
  return 0;
}

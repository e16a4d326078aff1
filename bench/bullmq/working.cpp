// Processing jobs: alone, together with other processes, and with somebody waiting for each result.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <utility>
#include <vector>

#include <unistd.h>

#include "bullmq/queue_events.hpp"
#include "bullmq/worker.hpp"
#include "driver.hpp"

namespace bench {
namespace {

constexpr std::chrono::minutes kLong{5};

awaitable<std::string> nothing(bullmq::Job, std::stop_token) {
  co_return "null";
}

bullmq::Worker open_worker(const bullmq::Executor& executor, const std::string& name,
                           const Settings& settings) {
  bullmq::WorkerOptions options;
  options.connection = connection_to(settings);
  options.concurrency = settings.at_once;
  options.autorun = false;
  options.fast_path = settings.fast_path;
  return {executor, name, nothing, std::move(options)};
}

awaitable<void> process_all(bullmq::Worker& worker, std::size_t jobs) {
  const auto executor = co_await asio::this_coro::executor;
  Crowd crowd(executor);
  crowd.left = jobs;
  const auto completed =
      worker.events().completed.subscribe([&](const bullmq::Job&, std::string_view) { crowd.one_ended(); });
  asio::co_spawn(executor, worker.run(), asio::detached);
  co_await crowd.wait();
}

// Waits until a line comes, with the loop running meanwhile.
awaitable<void> wait_for_stop() {
  const auto executor = co_await asio::this_coro::executor;
  asio::posix::stream_descriptor input(executor, ::dup(STDIN_FILENO));
  boost::system::error_code ignored;
  co_await input.async_wait(asio::posix::stream_descriptor::wait_read,
                            asio::redirect_error(asio::use_awaitable, ignored));
}

awaitable<std::vector<double>> wait_for_results(bullmq::Queue& queue, bullmq::QueueEvents& events,
                                                const Settings& settings, std::size_t jobs) {
  std::vector<double> waits_us;
  waits_us.reserve(jobs);
  for (std::size_t i = 0; i < jobs; ++i) {
    const auto began = Clock::now();
    std::string data = payload(i, settings);
    bullmq::Job job = co_await queue.add("job", std::move(data));
    const std::string result = co_await job.wait_until_finished(events, kLong);
    waits_us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - began).count());
  }
  co_return waits_us;
}

double quantile(std::vector<double> values, double q) {
  const auto at =
      std::min(values.size() - 1, static_cast<std::size_t>(q * static_cast<double>(values.size())));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

}  // namespace

// Works off queues that "fill" has filled.
awaitable<void> process_scenario(Settings settings) {
  const auto executor = co_await asio::this_coro::executor;
  {
    bullmq::Worker warm = open_worker(executor, "warm", settings);
    co_await process_all(warm, settings.jobs / kWarmUpPart);
    co_await warm.close();
  }
  bullmq::Worker worker = open_worker(executor, "bench", settings);
  co_await worker.wait_until_ready();
  wait_for_go();
  const Stopwatch watch;
  co_await process_all(worker, settings.jobs);
  std::cout << watch.report(settings.jobs) << std::endl;
  co_await worker.close();
}

// One of several processes that work on one queue until they are told to stop. Nobody else may take the jobs
// by which it warms up, so they are in a queue of its own.
awaitable<void> share_scenario(Settings settings) {
  const auto executor = co_await asio::this_coro::executor;
  const std::string warm_name = "warm-" + std::to_string(getpid());
  {
    bullmq::Queue warm_queue = open_queue(executor, warm_name, settings);
    co_await add_all_in_bulk(warm_queue, settings, settings.jobs / kWarmUpPart);
    bullmq::Worker warm = open_worker(executor, warm_name, settings);
    co_await process_all(warm, settings.jobs / kWarmUpPart);
    co_await warm.close();
    co_await warm_queue.close();
  }
  bullmq::Worker worker = open_worker(executor, "bench", settings);
  co_await worker.wait_until_ready();
  std::size_t done = 0;
  const auto completed =
      worker.events().completed.subscribe([&](const bullmq::Job&, std::string_view) { ++done; });
  wait_for_go();
  const Stopwatch watch;
  asio::co_spawn(executor, worker.run(), asio::detached);
  co_await wait_for_stop();
  std::cout << watch.report(done) << std::endl;
  co_await worker.close();
}

awaitable<void> latency_scenario(Settings settings) {
  const auto executor = co_await asio::this_coro::executor;
  bullmq::Queue queue = open_queue(executor, "bench", settings);
  bullmq::QueueEventsOptions events_options;
  events_options.connection = connection_to(settings);
  bullmq::QueueEvents events(executor, "bench", std::move(events_options));
  bullmq::Worker worker = open_worker(executor, "bench", settings);
  co_await events.wait_until_ready();
  co_await worker.wait_until_ready();
  asio::co_spawn(executor, worker.run(), asio::detached);
  co_await wait_for_results(queue, events, settings, settings.jobs / kWarmUpPart);
  wait_for_go();
  const Stopwatch watch;
  const auto waits_us = co_await wait_for_results(queue, events, settings, settings.jobs);
  nlohmann::json report = watch.report(settings.jobs);
  report["p50_us"] = quantile(waits_us, 0.5);
  report["p99_us"] = quantile(waits_us, 0.99);
  std::cout << report << std::endl;
  co_await worker.close();
  co_await events.close();
  co_await queue.close();
}

}  // namespace bench

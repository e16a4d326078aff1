// Adding jobs, one by one with several in flight or in bulk.
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <iostream>
#include <utility>
#include <vector>

#include "driver.hpp"

namespace bench {
namespace {

// Adds one job after the other until all are taken.
awaitable<void> add_lane(bullmq::Queue& queue, const Settings& settings, std::size_t& next,
                         std::size_t jobs) {
  while (next < jobs) {
    std::string data = payload(next++, settings);
    co_await queue.add("job", std::move(data));
  }
}

awaitable<void> add_all(bullmq::Queue& queue, const Settings& settings, std::size_t jobs) {
  const auto executor = co_await asio::this_coro::executor;
  Crowd lanes(executor);
  lanes.left = std::min(settings.at_once, jobs);
  std::size_t next = 0;
  for (std::size_t i = lanes.left; i > 0; --i) {
    asio::co_spawn(executor, add_lane(queue, settings, next, jobs), [&lanes](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
      lanes.one_ended();
    });
  }
  co_await lanes.wait();
}

}  // namespace

awaitable<void> add_all_in_bulk(bullmq::Queue& queue, const Settings& settings, std::size_t jobs) {
  for (std::size_t begin = 0; begin < jobs; begin += settings.at_once) {
    std::vector<bullmq::BulkJob> bulk;
    const std::size_t end = std::min(begin + settings.at_once, jobs);
    bulk.reserve(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
      bullmq::BulkJob& job = bulk.emplace_back();
      job.name = "job";
      job.data = payload(i, settings);
    }
    co_await queue.add_bulk(std::move(bulk));
  }
}

awaitable<void> add_scenario(Settings settings) {
  const bool bulk = settings.scenario != "add";
  const auto executor = co_await asio::this_coro::executor;
  bullmq::Queue warm = open_queue(executor, "warm", settings);
  bullmq::Queue queue = open_queue(executor, "bench", settings);
  co_await queue.wait_until_ready();
  const auto run = bulk ? add_all_in_bulk : add_all;
  co_await run(warm, settings, settings.jobs / kWarmUpPart);
  if (settings.scenario == "fill") {
    co_await run(queue, settings, settings.jobs);
  } else {
    wait_for_go();
    const Stopwatch watch;
    co_await run(queue, settings, settings.jobs);
    std::cout << watch.report(settings.jobs) << std::endl;
  }
  co_await warm.close();
  co_await queue.close();
}

}  // namespace bench

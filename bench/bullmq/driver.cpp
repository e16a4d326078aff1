// The C++ side of ./bench/run bullmq. driver.mjs does the same with the npm package; keep the two alike.
//   bench_bullmq PORT SCENARIO JOBS AT_ONCE PAYLOAD_BYTES
// Warms up, prints "ready", waits for a line, does the work and prints what it took as one line of JSON.
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "bullmq/json.hpp"
#include "bullmq/queue.hpp"
#include "bullmq/queue_events.hpp"
#include "bullmq/worker.hpp"

namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using bullmq::awaitable;

constexpr std::chrono::minutes kLong{5};
// Before the work, this part of it is done on another queue, so that Node's compiler has seen all there is to
// see.
constexpr std::size_t kWarmUpPart = 4;

struct Settings {
  std::string url;
  std::string scenario;
  std::size_t jobs = 0;
  std::size_t at_once = 0;
  std::size_t payload_bytes = 0;
};

std::string payload(std::size_t number, const Settings& settings) {
  constexpr std::size_t kAroundText = 24;
  const std::string text(std::max(settings.payload_bytes, kAroundText) - kAroundText, 'x');
  return bullmq::to_json_text(nlohmann::json{{"n", number}, {"text", text}});
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void wait_for_go() {
  std::cout << "ready" << std::endl;
  std::string line;
  std::getline(std::cin, line);
}

// From construction to report(): what the work took.
class Stopwatch {
 public:
  nlohmann::json report(std::size_t jobs) const {
    const std::chrono::duration<double> elapsed = Clock::now() - began_;
    return {{"jobs", jobs}, {"seconds", elapsed.count()}, {"cpu_seconds", cpu_seconds() - cpu_}};
  }

 private:
  double cpu_ = cpu_seconds();
  Clock::time_point began_ = Clock::now();
};

// Some coroutines and the one that waits for the last of them.
struct Crowd {
  explicit Crowd(const bullmq::Executor& executor) : all_done(executor, Clock::time_point::max()) {}
  std::size_t left = 0;
  asio::steady_timer all_done;

  void one_ended() {
    if (--left == 0) all_done.cancel();
  }
  awaitable<void> wait() {
    boost::system::error_code ignored;
    if (left > 0) co_await all_done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
};

bullmq::ConnectionOptions connection_to(const Settings& settings) {
  bullmq::ConnectionOptions options;
  options.url = settings.url;
  return options;
}

bullmq::Queue open_queue(const bullmq::Executor& executor, const std::string& name,
                         const Settings& settings) {
  bullmq::QueueOptions options;
  options.connection = connection_to(settings);
  return {executor, name, std::move(options)};
}

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

awaitable<std::string> nothing(bullmq::Job, std::stop_token) {
  co_return "null";
}

bullmq::Worker open_worker(const bullmq::Executor& executor, const std::string& name,
                           const Settings& settings) {
  bullmq::WorkerOptions options;
  options.connection = connection_to(settings);
  options.concurrency = settings.at_once;
  options.autorun = false;
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

// Of queues that "fill" has filled.
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

awaitable<void> run_scenario(Settings settings) {
  if (settings.scenario == "process") return process_scenario(std::move(settings));
  if (settings.scenario == "latency") return latency_scenario(std::move(settings));
  return add_scenario(std::move(settings));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "usage: bench_bullmq PORT add|bulk|fill|process|latency JOBS AT_ONCE PAYLOAD_BYTES\n";
    return 2;
  }
  const Settings settings{"redis://127.0.0.1:" + std::string(argv[1]), argv[2], std::stoul(argv[3]),
                          std::stoul(argv[4]), std::stoul(argv[5])};
  asio::io_context loop(1);
  asio::co_spawn(loop, run_scenario(settings), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  try {
    loop.run();
  } catch (const std::exception& error) {
    std::cerr << "bench_bullmq: " << error.what() << '\n';
    return 1;
  }
  return 0;
}

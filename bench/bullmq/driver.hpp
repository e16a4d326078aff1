// What the scenarios of bench_bullmq share.
#pragma once

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>
#include "bullmq/queue.hpp"

namespace bench {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using bullmq::awaitable;

// Before the work, this part of it is done on another queue, so that Node's compiler has seen all there is to
// see.
constexpr std::size_t kWarmUpPart = 4;

struct Settings {
  std::string url;
  std::string scenario;
  std::size_t jobs = 0;
  std::size_t at_once = 0;
  std::size_t payload_bytes = 0;
  bool fast_path = true;
};

std::string payload(std::size_t number, const Settings& settings);
double cpu_seconds();
// Says that the work can begin, and waits for the word.
void wait_for_go();

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

bullmq::ConnectionOptions connection_to(const Settings& settings);
bullmq::Queue open_queue(const bullmq::Executor& executor, const std::string& name, const Settings& settings);

awaitable<void> add_all_in_bulk(bullmq::Queue& queue, const Settings& settings, std::size_t jobs);

// Each warms up, waits for the word, does its work and prints the report. Settings::scenario says which is
// meant.
awaitable<void> add_scenario(Settings settings);
awaitable<void> process_scenario(Settings settings);
awaitable<void> share_scenario(Settings settings);
awaitable<void> latency_scenario(Settings settings);

}  // namespace bench

// The C++ side of ./bench/run bullmq. driver.mjs does the same with the npm package; keep the two alike.
//   bench_bullmq PORT SCENARIO JOBS AT_ONCE PAYLOAD_BYTES [slow]
// Warms up, prints "ready", waits for a line, does the work and prints what it took as one line of JSON.
// "slow" is without the fast path.
#include "driver.hpp"

#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <exception>
#include <iostream>
#include <string_view>
#include <utility>

namespace bench {

std::string payload(std::size_t number, const Settings& settings) {
  constexpr std::size_t kAroundText = 24;
  const std::string text(std::max(settings.payload_bytes, kAroundText) - kAroundText, 'x');
  // The library takes text, from whatever JSON library its user has.
  return boost::json::serialize(boost::json::object{{"n", number}, {"text", text}});
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

bullmq::ConnectionOptions connection_to(const Settings& settings) {
  bullmq::ConnectionOptions options;
  options.url = settings.url;
  return options;
}

bullmq::Queue open_queue(const bullmq::Executor& executor, const std::string& name,
                         const Settings& settings) {
  bullmq::QueueOptions options;
  options.connection = connection_to(settings);
  options.fast_path = settings.fast_path;
  return {executor, name, std::move(options)};
}

namespace {

awaitable<void> run_scenario(Settings settings) {
  if (settings.scenario == "process") return process_scenario(std::move(settings));
  if (settings.scenario == "share") return share_scenario(std::move(settings));
  if (settings.scenario == "latency") return latency_scenario(std::move(settings));
  return add_scenario(std::move(settings));
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  const bool slow = argc == 7 && std::string_view(argv[6]) == "slow";
  if (argc != 6 && !slow) {
    std::cerr
        << "usage: bench_bullmq PORT add|bulk|fill|process|share|latency JOBS AT_ONCE PAYLOAD_BYTES [slow]\n";
    return 2;
  }
  const bench::Settings settings{"redis://127.0.0.1:" + std::string(argv[1]),
                                 argv[2],
                                 std::stoul(argv[3]),
                                 std::stoul(argv[4]),
                                 std::stoul(argv[5]),
                                 !slow};
  boost::asio::io_context loop(1);
  boost::asio::co_spawn(loop, bench::run_scenario(settings), [](std::exception_ptr failure) {
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

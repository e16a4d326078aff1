// soak-worker URL JOBS: adds so many jobs and processes them in this process, and measures its resident
// memory. Ends with 1 when the memory after the last job is more than that after a fifth of them and a
// margin.
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "bullmq/queue.hpp"
#include "bullmq/worker.hpp"
#include "support/fast_path.hpp"
#include "support/sanitized.hpp"

namespace {

namespace asio = boost::asio;
using bullmq::Job;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kChunk = 500;
// The producer stays at most this far ahead, so that what is measured is not the queue.
constexpr std::size_t kAhead = 2'000;
// What an allocator may keep or fragment; a leak of 16 bytes a job would be more after a million.
constexpr long kMarginKb = 8'192;

long resident_kb() {
  std::ifstream statm("/proc/self/statm");
  long total = 0;
  long resident = 0;
  statm >> total >> resident;
  return resident * (::sysconf(_SC_PAGESIZE) / 1024);
}

struct Soak {
  Soak(asio::io_context& loop, std::size_t count) : jobs(count), progress(loop) {}
  std::size_t jobs;
  std::size_t done = 0;
  std::size_t errors = 0;
  long after_a_fifth_kb = 0;
  Clock::time_point begun = Clock::now();
  asio::steady_timer progress;
};

bullmq::awaitable<std::string> process(Job job) {
  co_return job.data();
}

void count(Soak& soak) {
  ++soak.done;
  soak.progress.cancel();
  const std::size_t step = soak.jobs / 10;
  if (step == 0 || soak.done % step != 0) return;
  if (soak.done == 2 * step) soak.after_a_fifth_kb = resident_kb();
  const double seconds = std::chrono::duration<double>(Clock::now() - soak.begun).count();
  std::printf("%9zu jobs %7.1f s %8.0f jobs/s resident %ld kB\n", soak.done, seconds,
              static_cast<double>(soak.done) / seconds, resident_kb());
  std::fflush(stdout);
}

bullmq::awaitable<void> wait_for(Soak& soak, std::size_t done) {
  while (soak.done < done) {
    soak.progress.expires_at(Clock::time_point::max());
    boost::system::error_code woken;
    co_await soak.progress.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

bullmq::awaitable<void> run(asio::io_context& loop, Soak& soak, std::string url) {
  bullmq::QueueOptions queue_options;
  queue_options.connection.url = url;
  queue_options.fast_path = shunt::testing::fast_path_under_test();
  bullmq::Queue queue(loop.get_executor(), "soak", queue_options);
  bullmq::WorkerOptions options;
  options.connection.url = url;
  options.fast_path = shunt::testing::fast_path_under_test();
  options.concurrency = 100;
  options.remove_on_complete = bullmq::KeepJobs::none();
  bullmq::Worker worker(
      loop.get_executor(), "soak", [](Job job, std::stop_token) { return process(std::move(job)); }, options);
  worker.events().completed.subscribe([&soak](const Job&, std::string_view) { count(soak); }).detach();
  worker.events()
      .error
      .subscribe([&soak](const std::exception& error) {
        ++soak.errors;
        std::fprintf(stderr, "error: %s\n", error.what());
      })
      .detach();
  for (std::size_t added = 0; added < soak.jobs; added += kChunk) {
    if (added > kAhead) co_await wait_for(soak, added - kAhead);
    std::vector<bullmq::BulkJob> chunk;
    for (std::size_t n = added; n < std::min(added + kChunk, soak.jobs); ++n) {
      bullmq::BulkJob job;
      job.name = "soak";
      job.data = "{\"n\":" + std::to_string(n) + ",\"text\":\"something to carry\"}";
      chunk.push_back(std::move(job));
    }
    co_await queue.add_bulk(std::move(chunk));
  }
  co_await wait_for(soak, soak.jobs);
  co_await worker.close();
  co_await queue.close();
}

}  // namespace

int main(int count_of, char** values) {
  if (count_of != 3) return 2;
  asio::io_context loop(1);
  Soak soak(loop, std::strtoul(values[2], nullptr, 10));
  asio::co_spawn(loop, run(loop, soak, values[1]), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  loop.run();
  const long end_kb = resident_kb();
  std::printf("%zu jobs, %zu errors; resident %ld kB after a fifth, %ld kB at the end\n", soak.done,
              soak.errors, soak.after_a_fifth_kb, end_kb);
  if (soak.done != soak.jobs || soak.errors > 0) return 1;
  // Sanitizers keep what was freed.
  return !shunt::kSanitized && end_kb > soak.after_a_fifth_kb + kMarginKb ? 1 : 0;
}

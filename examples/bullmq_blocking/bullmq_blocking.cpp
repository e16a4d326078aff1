// Adds jobs and does them on four threads with an ordinary function: there is no event loop to care for.
#include <boost/describe/class.hpp>
#include <bullmq/blocking.hpp>
#include <bullmq/json.hpp>
#include <cstdlib>
#include <iostream>
#include <vector>

struct Range {
  int below = 0;
};
BOOST_DESCRIBE_STRUCT(Range, (), (below))

// Runs on a thread of the worker's pool, so it may take its time; it looks at `stop` between steps.
int count_primes(Range range, bullmq::blocking::Job& job, std::stop_token stop) {
  int primes = 0;
  for (int n = 2; n < range.below; ++n) {
    if (stop.stop_requested()) throw bullmq::Error("cancelled");
    bool prime = true;
    for (int d = 2; d * d <= n && prime; ++d) prime = n % d != 0;
    if (prime) ++primes;
  }
  job.log("done");
  return primes;
}

int main() {
  bullmq::ConnectionOptions redis;
  if (const char* url = std::getenv("REDIS_URL")) redis.url = url;
  bullmq::blocking::Client client(redis);
  bullmq::blocking::Queue queue(client, "primes");
  bullmq::blocking::QueueEvents events(client, "primes");

  bullmq::WorkerOptions options;
  options.concurrency = 4;
  bullmq::blocking::Worker worker(client, "primes", bullmq::with_data<Range>(count_primes), options);

  std::vector<bullmq::blocking::Job> jobs;
  for (const int below : {10, 100, 1'000, 10'000}) {
    jobs.push_back(queue.add("count", Range{below}));
  }
  for (auto& job : jobs) {
    const int primes = job.wait_until_finished<int>(events, std::chrono::seconds(30));
    std::cout << job.data() << " -> " << primes << '\n';
  }
  worker.close(std::chrono::seconds(10));
}

// A job that fails twice and is tried again with growing pauses, and one that is not tried again. What
// happens is told by the queue's events, as every client of the queue sees them.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <bullmq/error.hpp>
#include <bullmq/queue.hpp>
#include <bullmq/queue_events.hpp>
#include <bullmq/worker.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>

using namespace std::chrono_literals;

bullmq::awaitable<std::string> charge(bullmq::Job job, std::stop_token) {
  if (job.name() == "no-such-card") throw bullmq::UnrecoverableError("the card does not exist");
  if (job.record().attempts_made < 2) throw bullmq::Error("the bank does not answer");
  co_await job.update_progress(R"({"step":"charged"})");
  co_return R"({"receipt":17})";
}

bullmq::awaitable<void> run(bullmq::Executor executor, bullmq::ConnectionOptions redis) {
  bullmq::Queue queue(executor, "payments", {.connection = redis});
  bullmq::QueueEvents events(executor, "payments", {.connection = redis});
  events.on_event()
      .subscribe([](const bullmq::QueueEvent& event) {
        std::cout << event.name << ' ' << event.job_id() << ' ' << event.field("failedReason")
                  << event.field("data") << event.field("returnvalue") << std::endl;
      })
      .detach();
  co_await events.wait_until_ready();
  bullmq::Worker worker(executor, "payments", charge, {.connection = redis});

  const bullmq::JobOptions options{.attempts = 3, .backoff = bullmq::Backoff{"exponential", 100ms, 0.5}};
  bullmq::Job charged = co_await queue.add("charge", R"({"amount":42})", options);
  const std::string receipt = co_await charged.wait_until_finished(events, 30s);
  std::cout << "charged: " << receipt << std::endl;

  bullmq::Job refused = co_await queue.add("no-such-card", "{}", options);
  try {
    const std::string unexpected = co_await refused.wait_until_finished(events, 30s);
    std::cout << "charged: " << unexpected << std::endl;
  } catch (const bullmq::JobFailedError& error) {
    std::cout << "refused: " << error.what() << std::endl;
  }
  co_await worker.close(10s);
  co_await events.close();
  co_await queue.close();
}

int main() {
  boost::asio::io_context loop;
  bullmq::ConnectionOptions redis;
  if (const char* url = std::getenv("REDIS_URL")) redis.url = url;
  boost::asio::co_spawn(loop, run(loop.get_executor(), redis), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  loop.run();
}

// Adds a job and prints what its worker, in whatever language, returned.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/describe/class.hpp>
#include <bullmq/json.hpp>
#include <bullmq/queue.hpp>
#include <bullmq/queue_events.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>

struct Greeting {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Greeting, (), (name))

bullmq::awaitable<void> produce(bullmq::Executor executor, bullmq::ConnectionOptions redis) {
  bullmq::Queue queue(executor, "greetings", {.connection = redis});
  bullmq::QueueEvents events(executor, "greetings", {.connection = redis});

  const Greeting ada{"Ada"};
  bullmq::Job job = co_await queue.add("greet", ada);
  std::cout << "added job " << job.id() << std::endl;
  const auto result = co_await job.wait_until_finished<std::string>(events, std::chrono::seconds(30));
  std::cout << "result: " << result << std::endl;

  co_await events.close();
  co_await queue.close();
}

int main() {
  boost::asio::io_context loop;
  bullmq::ConnectionOptions redis;
  if (const char* url = std::getenv("REDIS_URL")) redis.url = url;
  boost::asio::co_spawn(loop, produce(loop.get_executor(), redis), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  loop.run();
}

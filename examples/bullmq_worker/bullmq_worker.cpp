// Does the jobs that any client added, ten at a time. Ctrl-C ends it when those in process are done.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/describe/class.hpp>
#include <bullmq/json.hpp>
#include <bullmq/worker.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>

struct Greeting {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Greeting, (), (name))

bullmq::awaitable<bullmq::JsonText> greet(Greeting greeting) {
  co_return bullmq::to_json_text("Hello, " + greeting.name + "!");
}

int main() {
  boost::asio::io_context loop;
  bullmq::WorkerOptions options;
  options.concurrency = 10;
  if (const char* url = std::getenv("REDIS_URL")) options.connection.url = url;
  bullmq::Worker worker(loop.get_executor(), "greetings", bullmq::with_data<Greeting>(greet), options);
  worker.events()
      .completed
      .subscribe([](const bullmq::Job& job, std::string_view result) {
        std::cout << job.id() << ": " << result << std::endl;
      })
      .detach();

  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code, int) {
    boost::asio::co_spawn(loop, worker.close(std::chrono::seconds(10)), boost::asio::detached);
  });
  loop.run();
}

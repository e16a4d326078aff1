// A worker whose processor does what the fault tests need, told by key=value arguments:
//
//   url queue concurrency lock stall drain timeout grace  as in WorkerOptions, durations in ms
//   work=quick | sleep:MS | burn:MS | hold | deaf | throw | rude | closes
//   lifetime=destroy   the worker is destroyed, not closed, at the end of input
//
// Lines on stdin: "close MS", "close", "cancel ID REASON", "pause", "resume", "end". Lines on stdout: a word
// and its arguments, one for each thing that happens (see say()).
#include <unistd.h>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include "bullmq/error.hpp"
#include "bullmq/worker.hpp"
#include "support/fast_path.hpp"

namespace {

namespace asio = boost::asio;
using bullmq::Job;
using bullmq::Milliseconds;
using Clock = std::chrono::steady_clock;

template <typename... Args>
void say(const Args&... args) {
  const char* separator = "";
  ((std::cout << separator << args, separator = " "), ...);
  std::cout << '\n' << std::flush;
}

class Arguments {
 public:
  Arguments(int count, char** values) {
    for (int i = 1; i < count; ++i) {
      const std::string argument = values[i];
      const auto at = argument.find('=');
      values_[argument.substr(0, at)] = at == std::string::npos ? "" : argument.substr(at + 1);
    }
  }
  [[nodiscard]] std::string text(const std::string& key, const std::string& fallback = {}) const {
    const auto found = values_.find(key);
    return found == values_.end() ? fallback : found->second;
  }
  [[nodiscard]] long number(const std::string& key, long fallback) const {
    const std::string value = text(key);
    return value.empty() ? fallback : std::stol(value);
  }

 private:
  std::map<std::string, std::string> values_;
};

bullmq::awaitable<void> sleep(Milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(asio::use_awaitable);
}

void burn(Milliseconds duration) {
  const auto until = Clock::now() + duration;
  while (Clock::now() < until) {
  }
}

struct Program {
  std::string work;
  Milliseconds amount{0};
  std::optional<bullmq::Worker> worker;
};

bullmq::awaitable<std::string> process(Program& program, Job job, std::stop_token stop) {
  const std::string& work = program.work;
  say("start", job.id());
  const std::stop_callback stopped(stop, [id = job.id()] { say("stop", id); });
  if (work == "sleep") {
    co_await sleep(program.amount);
  } else if (work == "burn") {
    burn(program.amount);
  } else if (work == "hold") {
    co_await sleep(std::chrono::hours(1));
  } else if (work == "deaf") {
    // Ends no sooner for being asked to.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await sleep(program.amount);
  } else if (work == "throw") {
    throw std::runtime_error("it broke");
  } else if (work == "rude") {
    throw 42;
  } else if (work == "closes") {
    co_await program.worker->close(Milliseconds(100));
  }
  say("end", job.id());
  co_return "\"" + work + "\"";
}

void listen(bullmq::WorkerEvents& events) {
  events.ready.subscribe([] { say("ready"); }).detach();
  events.active.subscribe([](const Job& job) { say("active", job.id()); }).detach();
  events.completed.subscribe([](const Job& job, std::string_view) { say("completed", job.id()); }).detach();
  events.failed
      .subscribe(
          [](const Job& job, const bullmq::JobFailure& failure) { say("failed", job.id(), failure.message); })
      .detach();
  events.stalled.subscribe([](std::string_view id) { say("stalled", id); }).detach();
  events.closed.subscribe([] { say("closed"); }).detach();
  events.error
      .subscribe([](const std::exception& error) {
        if (const auto* lost = dynamic_cast<const bullmq::LockLostError*>(&error)) {
          say("lost", lost->job_id(), lost->since_renewal().count(), lost->lock_duration().count());
        }
        say("error", error.what());
      })
      .detach();
}

bullmq::awaitable<void> obey(Program& program, std::string line) {
  std::istringstream words(line);
  std::string word;
  words >> word;
  if (word == "close") {
    long deadline = -1;
    words >> deadline;
    const auto limit = deadline < 0 ? std::nullopt : std::optional(Milliseconds(deadline));
    co_await program.worker->close(limit);
    say("close-returned");
  } else if (word == "cancel") {
    std::string id;
    std::string reason;
    words >> id;
    std::getline(words >> std::ws, reason);
    const bool found = program.worker->cancel_job(id, reason);
    say("cancel-returned", found);
  } else if (word == "pause") {
    co_await program.worker->pause();
    say("pause-returned");
  } else if (word == "resume") {
    program.worker->resume();
  }
}

bullmq::awaitable<void> read_commands(asio::io_context& loop, Program& program, bool destroy) {
  asio::posix::stream_descriptor input(loop, ::dup(STDIN_FILENO));
  asio::streambuf buffer;
  boost::system::error_code ended;
  while (true) {
    co_await asio::async_read_until(input, buffer, '\n', asio::redirect_error(asio::use_awaitable, ended));
    if (ended) break;
    std::istream stream(&buffer);
    std::string line;
    std::getline(stream, line);
    if (line == "end") break;
    asio::co_spawn(loop, obey(program, line), asio::detached);
  }
  if (!destroy) co_await program.worker->close(Milliseconds(0));
  program.worker.reset();
  say("destroyed");
}

}  // namespace

int main(int count, char** values) {
  const Arguments arguments(count, values);
  bullmq::WorkerOptions options;
  options.connection.url = arguments.text("url");
  options.fast_path = shunt::testing::fast_path_under_test();
  options.concurrency = static_cast<std::size_t>(arguments.number("concurrency", 1));
  options.lock_duration = Milliseconds(arguments.number("lock", 30'000));
  options.stalled_interval = Milliseconds(arguments.number("stall", 30'000));
  options.drain_delay = Milliseconds(arguments.number("drain", 5'000));
  options.cancel_grace = Milliseconds(arguments.number("grace", 1'000));
  options.max_stalled_count = arguments.number("max_stalled", 1);
  if (const long timeout = arguments.number("timeout", 0); timeout > 0)
    options.job_timeout = Milliseconds(timeout);
  Program program;
  std::istringstream work(arguments.text("work", "quick"));
  std::getline(work, program.work, ':');
  long amount = 0;
  work >> amount;
  program.amount = Milliseconds(amount);

  asio::io_context loop(1);
  program.worker.emplace(
      loop.get_executor(), arguments.text("queue", "paint"),
      [&program](Job job, std::stop_token stop) { return process(program, std::move(job), std::move(stop)); },
      options);
  listen(program.worker->events());
  asio::co_spawn(loop, read_commands(loop, program, arguments.text("lifetime") == "destroy"), asio::detached);
  // Ends by itself when nothing is left to wait for: a coroutine without an owner would keep it.
  loop.run();
  say("ended");
}

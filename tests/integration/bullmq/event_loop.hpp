#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "bullmq/awaitable.hpp"
#include "bullmq/error.hpp"
#include "redis/connection.hpp"

namespace bullmq::testing {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using detail::Command;
using detail::Connection;
using detail::make_command;
using detail::make_query;
using Clock = std::chrono::steady_clock;

// The loop of a test: run() a coroutine to its end, while others go on. What hangs is a failure.
class EventLoop {
 public:
  [[nodiscard]] Executor executor() { return io_.get_executor(); }

  template <typename T>
  T run(awaitable<T> work, std::chrono::milliseconds limit = 30s) {
    std::optional<T> result;
    run(keep(std::move(work), result), limit);
    return std::move(*result);
  }
  void run(awaitable<void> work, std::chrono::milliseconds limit = 30s) {
    std::exception_ptr failure;
    bool done = false;
    asio::co_spawn(io_, std::move(work), [&](std::exception_ptr thrown) {
      failure = thrown;
      done = true;
    });
    turn(done, limit);
    if (failure) std::rethrow_exception(failure);
  }

  // Runs in the background; finish() waits for all of these.
  void spawn(awaitable<void> work) {
    ++running_;
    asio::co_spawn(io_, std::move(work), [this](std::exception_ptr thrown) {
      --running_;
      if (thrown && !failure_) failure_ = thrown;
    });
  }
  void finish(std::chrono::milliseconds limit = 60s) {
    until([this] { return running_ == 0; }, limit);
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

  // Turns the loop until the condition holds.
  void until(const std::function<bool()>& condition, std::chrono::milliseconds limit = 30s) {
    const auto deadline = Clock::now() + limit;
    while (!condition()) {
      if (Clock::now() > deadline) throw std::runtime_error("the condition did not come true in time");
      io_.restart();
      io_.run_one_for(10ms);
    }
  }
  // What is ready now, and what that makes ready.
  void poll() {
    io_.restart();
    io_.poll();
  }
  // For that long, whatever happens. Where the thread was stopped meanwhile what is ready may not have run:
  // poll() runs that.
  void run_for(std::chrono::milliseconds time) {
    io_.restart();
    io_.run_for(time);
  }
  // How many handlers ran in that time.
  std::size_t count_for(std::chrono::milliseconds time) {
    io_.restart();
    return io_.run_for(time);
  }

 private:
  template <typename T>
  static awaitable<void> keep(awaitable<T> work, std::optional<T>& result) {
    T value = co_await std::move(work);
    result.emplace(std::move(value));
  }
  void turn(const bool& done, std::chrono::milliseconds limit) {
    until([&] { return done; }, limit);
  }

  asio::io_context io_{1};
  std::size_t running_ = 0;
  std::exception_ptr failure_;
};

inline awaitable<void> sleep_for(std::chrono::microseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

// How a command ended, as a word: "ok", "not executed", "unknown", "timeout, unknown", or the error.
inline std::string word_of(const std::function<void()>& rethrow) {
  try {
    rethrow();
  } catch (const CommandTimeoutError& error) {
    return error.fate() == Fate::unknown ? "timeout, unknown" : "timeout, not executed";
  } catch (const ConnectionError& error) {
    return error.fate() == Fate::unknown ? "unknown" : "not executed";
  } catch (const std::exception& error) {
    return error.what();
  }
  return "ok";
}
inline std::string word_of(const std::exception_ptr& failure) {
  return word_of([&] {
    if (failure) std::rethrow_exception(failure);
  });
}

struct Answered {
  std::exception_ptr failure;
  detail::Reply reply;
  Clock::duration took{};
  [[nodiscard]] std::string word() const { return word_of(failure); }
  [[nodiscard]] std::string message() const {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      return error.what();
    }
    return {};
  }
};

// Never throws.
inline awaitable<Answered> ask(std::shared_ptr<Connection> connection, Command command) {
  Answered answered;
  const auto start = Clock::now();
  try {
    answered.reply = co_await connection->execute(std::move(command));
  } catch (...) {
    answered.failure = std::current_exception();
  }
  answered.took = Clock::now() - start;
  co_return answered;
}

}  // namespace bullmq::testing

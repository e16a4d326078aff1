#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <cmath>
#include <utility>

#include "bullmq/error.hpp"
#include "core/identity.hpp"
#include "redis/command.hpp"
#include "worker/worker_state.hpp"

namespace bullmq {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using detail::make_command;
using detail::Reply;

namespace {

// What a blocking read may take longer than it was asked to block, before its connection is taken for dead.
constexpr Milliseconds kBlockMargin{1'000};

}  // namespace

awaitable<void> Worker::State::run(std::shared_ptr<State> self) {
  if (!self->processor) throw ValidationError("No process function is defined.");
  if (self->running_loop) throw ValidationError("Worker is already running.");
  self->running_loop = true;
  if (!self->closing && !self->paused) {
    if (!self->options.skip_stalled_check) {
      asio::co_spawn(self->executor, check_stalled(self, ++self->stalled_generation), asio::detached);
    }
    co_await fetch_loop(self);
  }
  self->running_loop = false;
  self->wake_all();
}

detail::FetchState Worker::State::fetch_state() const {
  return {closing || paused, running.size() + abandoned, concurrency, drained, limit_until, block_until};
}

// Ends when the worker is paused or closing and no job is in process.
awaitable<void> Worker::State::fetch_loop(std::shared_ptr<State> self) {
  const detail::FetchTerms terms{self->options.drain_delay.count(),
                                 self->options.maximum_rate_limit_delay.count()};
  while (true) {
    const detail::FetchStep step = detail::next_fetch_step(self->fetch_state(), terms, detail::now_ms());
    std::exception_ptr failure;
    try {
      if (std::holds_alternative<detail::StopFetching>(step)) {
        if (self->running.empty()) co_return;
        co_await self->loop_wakeup.wait();
      } else if (std::holds_alternative<detail::WaitForSlot>(step)) {
        co_await self->loop_wakeup.wait();
      } else if (const auto* limit = std::get_if<detail::WaitForRateLimit>(&step)) {
        const auto until = Clock::now() + Milliseconds(limit->ms);
        while (Clock::now() < until && !self->closing) co_await self->loop_wakeup.wait(until);
        // Fetches even if the limit lasts on: the script promotes delayed jobs, and tells the limit again.
        self->drained = false;
        self->limit_until = 0;
      } else {
        bool now = true;
        if (const auto* marker = std::get_if<detail::BlockOnMarker>(&step))
          now = co_await self->block(marker->seconds);
        if (now && !self->closing && !self->paused) {
          auto job = co_await self->fetch(self->next_token());
          if (job) self->start(std::move(*job));
        }
        self->errors_in_a_row = 0;
      }
    } catch (const std::exception&) {
      failure = std::current_exception();
    }
    if (!failure) continue;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      failure = nullptr;
      if (dynamic_cast<const ConnectionError*>(&error) == nullptr && !self->closing && !self->paused) {
        self->emit(self->events.error, error);
      }
    }
    ++self->errors_in_a_row;
    // The connection paces its own attempts; errors of the server come back at once, and are paced here.
    const auto pause = std::min<Milliseconds>(
        self->options.max_error_pause,
        self->options.run_retry_delay * (1LL << std::min(self->errors_in_a_row - 1, 10U)));
    const auto until = Clock::now() + pause;
    while (Clock::now() < until && !self->closing && !self->paused) co_await self->loop_wakeup.wait(until);
  }
}

awaitable<std::optional<Job>> Worker::State::fetch(std::string token) {
  detail::NextJob next = co_await backend->move_to_active(token);
  co_return take(std::move(next), token);
}

std::optional<Job> Worker::State::take(detail::NextJob next, const std::string& token) {
  limit_until = next.rate_limit_ms > 0 ? detail::now_ms() + next.rate_limit_ms : 0;
  block_until = std::max(0.0, next.delay_until);
  if (!next.has_job) {
    if (!std::exchange(drained, true)) emit(events.drained);
    return std::nullopt;
  }
  drained = false;
  Job job = backend->make_job(std::move(next.record), token);
  emit(events.active, job);
  return job;
}

awaitable<bool> Worker::State::block(double seconds) {
  limit_until = 0;
  const double known = std::exchange(block_until, 0);
  detail::Command command = make_command("BZPOPMIN", backend->keys().marker, std::to_string(seconds));
  command.timeout = Milliseconds(static_cast<std::int64_t>(std::ceil(seconds)) * 1'000) + kBlockMargin;
  command.drop_on_timeout = true;
  blocked = true;
  std::exception_ptr failure;
  Reply reply;
  try {
    reply = co_await blocking->execute(std::move(command));
  } catch (...) {
    failure = std::current_exception();
  }
  blocked = false;
  if (failure) {
    // The server is there and only the blocked connection broke, or timed out: work may be waiting all the
    // same.
    if (backend->connection().is_up() && !closing && !paused) co_return true;
    std::rethrow_exception(failure);
  }
  if (!reply.is_array() || reply.elements.size() < 3) co_return true;
  const double score = reply.elements[2].number();
  if (closing || paused) {
    // We took the wake-up and cannot answer it: it is for somebody else.
    detail::Command back =
        make_command("ZADD", backend->keys().marker, reply.elements[2].text, reply.elements[1].text);
    co_await backend->run(std::move(back));
    co_return false;
  }
  block_until = known > 0 && score > known ? known : score;
  co_return block_until <= 0 || block_until - static_cast<double>(detail::now_ms()) < 1;
}

// A blocked read ends at once and tells whether it took a marker; breaking its connection would not tell.
awaitable<void> Worker::State::unblock(std::shared_ptr<State> self) {
  const auto client = self->blocking->client_id();
  bool unblocked = false;
  if (client != 0) {
    try {
      detail::Command command = make_command("CLIENT", "UNBLOCK", client);
      command.timeout = Milliseconds(500);
      co_await self->backend->run(std::move(command));
      unblocked = true;
    } catch (const Error&) {
    }
  }
  if (!unblocked && self->blocked) self->blocking->interrupt();
}

void Worker::State::stop_blocking() {
  if (blocked) asio::co_spawn(executor, unblock(shared_from_this()), asio::detached);
}

awaitable<void> Worker::State::check_stalled(std::shared_ptr<State> self, std::uint64_t generation) {
  const auto current = [&] {
    return generation == self->stalled_generation && !self->closing && !self->paused;
  };
  while (current()) {
    try {
      const auto ids = co_await self->backend->move_stalled_jobs(self->options.max_stalled_count,
                                                                 self->options.stalled_interval);
      for (const std::string& stalled : ids) self->emit(self->events.stalled, std::string_view(stalled));
    } catch (const ConnectionError&) {
      // Made again by itself; the next pass finds what this one did not.
    } catch (const std::exception& error) {
      if (current()) self->emit(self->events.error, error);
    }
    const auto until = Clock::now() + self->options.stalled_interval;
    while (current() && Clock::now() < until) co_await self->stalled_wakeup.wait(until);
  }
}

}  // namespace bullmq

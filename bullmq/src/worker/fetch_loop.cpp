#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "bullmq/error.hpp"
#include "core/identity.hpp"
#include "core/run_detached.hpp"
#include "redis/command.hpp"
#include "redis/expected_reply.hpp"
#include "worker/worker_state.hpp"

namespace bullmq {

using detail::Fetched;
using detail::make_command;
using detail::Reply;
using detail::Supply;

namespace {

// What a blocking read may take longer than it was asked to block, before its connection is taken for dead.
constexpr Milliseconds kBlockMargin{1'000};
// How long CLIENT UNBLOCK is tried before the blocked connection is broken instead.
constexpr Milliseconds kUnblockTimeout{500};
// Redis may learn of a blocking read a little later than we send it.
constexpr Milliseconds kUnblockPause{5};
// A stalled check that failed because of the connection is tried again after this.
constexpr Milliseconds kStalledCheckRetry{1'000};
// Jobs that one fetch takes: their data come in one answer. It asks for twice what the last one found,
// because each slot costs a token, at both ends.
constexpr std::size_t kTakenAtOnce = 50;
constexpr std::size_t kLeastAsked = 8;

}  // namespace

detail::FetchState Worker::State::fetch_state() const {
  return {stopping(), in_process.size() + lost_threads, concurrency, supply, limit_until, block_until};
}

// Ends when the worker is paused or closing and no job is in process.
awaitable<void> Worker::State::fetch_loop(std::shared_ptr<State> self) {
  const detail::FetchLimits limits{self->options.drain_delay.count(),
                                   self->options.maximum_rate_limit_delay.count()};
  while (true) {
    const detail::FetchStep step = detail::next_fetch_step(self->fetch_state(), limits, detail::now_ms());
    if (std::holds_alternative<detail::StopFetching>(step)) {
      if (self->in_process.empty()) break;
      co_await self->loop_wakeup.wait();
    } else if (std::holds_alternative<detail::WaitForSlot>(step)) {
      co_await self->loop_wakeup.wait();
    } else if (const auto* limit = std::get_if<detail::WaitForRateLimit>(&step)) {
      const auto until = Clock::now() + Milliseconds(limit->ms);
      while (Clock::now() < until && !self->stopping()) co_await self->loop_wakeup.wait(until);
      // It fetches even if the limit lasts on: the script promotes delayed jobs, and tells the limit again.
      self->supply = Supply::unknown;
      self->limit_until = 0;
    } else {
      std::optional<double> block_seconds;
      if (const auto* marker = std::get_if<detail::BlockOnMarker>(&step)) block_seconds = marker->seconds;
      std::exception_ptr failure;
      const std::uint64_t times_up = self->times_up();
      try {
        co_await self->fetch_once(block_seconds);
      } catch (...) {
        failure = std::current_exception();
      }
      if (failure) co_await self->pause_after(std::move(failure), times_up);
    }
  }
  self->on(detail::WorkerEvent::loop_ended);
  self->wake_all();
}

std::string Worker::State::next_token() {
  const std::string number = std::to_string(token_number++);
  std::string token;
  token.reserve(id.size() + 1 + number.size());
  token.append(id).append(1, ':').append(number);
  return token;
}

awaitable<void> Worker::State::fetch_once(std::optional<double> block_seconds) {
  if (!lost_fetches.empty()) co_await adopt_lost_fetches();
  if (block_seconds) {
    const bool now = co_await block(*block_seconds);
    errors_in_a_row = 0;
    if (!now) co_return;
  }
  if (stopping()) co_return;
  std::vector<std::string> tokens;
  const std::size_t taken_already = in_process.size() + lost_threads;
  // It takes as many as there are slots for: others shall find work, too.
  const std::size_t free = concurrency > taken_already ? concurrency - taken_already : 1;
  const std::size_t asked = std::min(free, std::clamp(2 * taken_last, kLeastAsked, kTakenAtOnce));
  tokens.reserve(asked);
  for (std::size_t i = 0; i < asked; ++i) tokens.push_back(next_token());
  std::vector<detail::NextJob> found;
  try {
    found = co_await backend->move_to_active(tokens);
  } catch (const ConnectionError& error) {
    if (error.fate() == Fate::unknown) lost_fetches.insert(lost_fetches.end(), tokens.begin(), tokens.end());
    throw;
  } catch (const UnexpectedReplyError&) {
    // Jobs may have been taken all the same.
    lost_fetches.insert(lost_fetches.end(), tokens.begin(), tokens.end());
    throw;
  }
  taken_last = 0;
  std::string trouble;
  for (std::size_t i = 0; i < std::min(found.size(), tokens.size()); ++i) {
    // Told, and paced, by pause_after when the others have begun.
    if (!found[i].has_job) trouble = std::exchange(found[i].trouble, {});
    auto job = take(std::move(found[i]), tokens[i]);
    if (!job) continue;
    ++taken_last;
    errors_in_a_row = 0;
    co_await begin(std::move(*job));
  }
  if (!trouble.empty()) {
    supply = Supply::unknown;
    throw RedisError(trouble);
  }
}

// A connection that broke paces its own attempts, and the loop goes on the moment that it is back. Errors of
// the server come at once, again and again, and are paced here.
awaitable<void> Worker::State::pause_after(std::exception_ptr failure, std::uint64_t times_up_before) {
  bool disconnected = false;
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const ConnectionError&) {
    // Its connection has told.
    disconnected = true;
  } catch (...) {
    if (!stopping()) report_current_exception();
  }
  Milliseconds pause = options.run_retry_delay;
  if (!disconnected) {
    pause = std::min<Milliseconds>(options.max_error_pause, pause * (1LL << std::min(errors_in_a_row, 10U)));
    ++errors_in_a_row;
  }
  const auto until = Clock::now() + pause;
  while (Clock::now() < until && !stopping() && !(disconnected && times_up() != times_up_before))
    co_await loop_wakeup.wait(until);
}

std::optional<Job> Worker::State::take(detail::NextJob next, const std::string& token) {
  if (!next.trouble.empty()) report(RedisError(next.trouble));
  limit_until = next.rate_limit_ms > 0 ? detail::now_ms() + next.rate_limit_ms : 0;
  block_until = std::max(0.0, next.delay_until);
  const auto fetched = next.has_job           ? Fetched::job
                       : next.trouble.empty() ? Fetched::nothing
                                              : Fetched::trouble;
  const Supply before = std::exchange(supply, detail::after_fetch(fetched));
  if (detail::is_newly_drained(before, fetched)) emit(events.drained);
  if (!next.has_job) return std::nullopt;
  return backend->make_job(std::move(next.record), token);
}

awaitable<bool> Worker::State::block(double seconds) {
  limit_until = 0;
  const double known = std::exchange(block_until, 0);
  // Redis before 6 knows whole seconds only.
  if (backend->connection().server_version() < detail::ServerVersion{6, 0, 0}) seconds = std::ceil(seconds);
  detail::Command command = make_command("BZPOPMIN", backend->keys().marker, std::to_string(seconds));
  command.timeout = Milliseconds(static_cast<std::int64_t>(std::ceil(seconds)) * 1'000) + kBlockMargin;
  command.drop_on_timeout = true;
  blocked = true;
  supply = detail::after_blocking_begins(supply);
  std::exception_ptr failure;
  Reply reply;
  try {
    reply = co_await blocking->execute(std::move(command));
  } catch (...) {
    failure = std::current_exception();
  }
  blocked = false;
  if (failure) {
    // If it took a marker, it is for somebody else; one too many only makes a worker look.
    if (stopping()) co_await return_marker("0", "0");
    std::rethrow_exception(failure);
  }
  if (reply.is_nil()) co_return true;
  // Whatever came, it may have been a marker: the next step is a fetch.
  std::vector<Reply> marker = detail::expect_array(std::move(reply), "BZPOPMIN", 3, 3);
  if (stopping()) {
    co_await return_marker(std::move(marker[1].text), std::move(marker[2].text));
    co_return false;
  }
  const double score = marker[2].number();
  block_until = known > 0 && score > known ? known : score;
  const bool now = block_until <= 0 || block_until - static_cast<double>(detail::now_ms()) < 1;
  supply = detail::after_marker(supply, now);
  co_return now;
}

// A wake-up that we cannot answer. Should this fail, the others look by themselves within their drain_delay.
awaitable<void> Worker::State::return_marker(std::string member, std::string score) {
  if (!backend->connection().is_up()) co_return;
  // NX: one that was set since then knows better when the next delayed job is due.
  detail::Command command = make_command("ZADD", backend->keys().marker, "NX", score, member);
  command.idempotent = true;
  command.timeout = kBlockMargin;
  try {
    co_await backend->run(std::move(command));
  } catch (const Error& error) {
    if (!is_over() && !backend->connection().is_closed()) report(error);
  }
}

// A blocked read ends at once and tells whether it took a marker; breaking its connection would not tell.
awaitable<void> Worker::State::unblock(std::shared_ptr<State> self) {
  const auto until = Clock::now() + kUnblockTimeout;
  while (self->blocked && Clock::now() < until) {
    const auto client = self->blocking->client_id();
    if (client == 0 || !self->backend->connection().is_up()) break;
    try {
      detail::Command command = make_command("CLIENT", "UNBLOCK", client);
      command.timeout = kUnblockTimeout;
      co_await self->backend->run(std::move(command));
    } catch (const Error&) {
      // The read's connection is broken instead, which ends it too; what a marker's loss means is told there.
      break;
    }
    if (self->blocked) co_await self->sleep(kUnblockPause);
  }
  if (self->blocked) self->blocking->interrupt();
}

// Detached: ends within kUnblockTimeout, and holds the state meanwhile.
void Worker::State::stop_blocking() {
  if (blocked) detail::run_detached(executor, unblock(shared_from_this()));
}

// Detached: ends with its generation, which pause and close make old.
void Worker::State::start_stalled_check() {
  detail::run_detached(executor, check_stalled(shared_from_this(), ++stalled_generation));
}

awaitable<void> Worker::State::check_stalled(std::shared_ptr<State> self, std::uint64_t generation) {
  const auto current = [&] { return generation == self->stalled_generation && !self->stopping(); };
  while (current()) {
    Milliseconds pause = self->options.stalled_interval;
    try {
      const auto ids = co_await self->backend->move_stalled_jobs(self->options.max_stalled_count,
                                                                 self->options.stalled_interval);
      for (const std::string& stalled : ids) self->emit(self->events.stalled, std::string_view(stalled));
    } catch (const ConnectionError&) {
      // Its connection has told.
      pause = std::min(pause, kStalledCheckRetry);
    } catch (const std::exception& error) {
      if (current()) self->report(error);
    }
    const auto until = Clock::now() + pause;
    while (current() && Clock::now() < until) co_await self->stalled_wakeup.wait(until);
  }
}

}  // namespace bullmq

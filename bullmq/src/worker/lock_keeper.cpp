#include "worker/lock_keeper.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>

#include "backend/queue_backend.hpp"
#include "bullmq/error.hpp"
#include "core/run_detached.hpp"
#include "redis/wakeup.hpp"

namespace bullmq::detail {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

constexpr Milliseconds kFirstRetryPause{100};
// Shorter deadlines would take a busy machine for a broken connection.
constexpr Milliseconds kShortestTimeout{500};

Milliseconds since(Clock::time_point then) {
  return std::chrono::duration_cast<Milliseconds>(Clock::now() - then);
}

}  // namespace

struct LockKeeper::State {
  struct Lock {
    std::string token;
    Clock::time_point renewed;
    bool lost = false;
  };
  struct Due {
    std::vector<std::string> ids;
    std::vector<std::string> tokens;
  };

  State(ConnectionOptions connection, const std::string& prefix, const std::string& queue,
        Milliseconds duration, Milliseconds renew, Listener l)
      : lock_duration(duration), renew_time(renew), listener(std::move(l)), pause(loop.get_executor()) {
    // Several attempts fit into what is left of a lock's time when the first one fails.
    const Milliseconds timeout = std::min(lock_duration, std::max(renew_time / 2, kShortestTimeout));
    connection.command_timeout = std::min(connection.command_timeout, timeout);
    connection.connect_timeout = std::min(connection.connect_timeout, timeout);
    connection.reconnect_max = std::min(connection.reconnect_max, timeout);
    connection.offline_queue = true;
    backend = std::make_shared<QueueBackend>(
        Connection::open(loop.get_executor(), std::move(connection), prefix + ":" + queue + ":"), prefix,
        queue);
  }

  Due due(Clock::time_point now) {
    Due found;
    const std::lock_guard guard(mutex);
    for (auto& [id, lock] : locks) {
      if (lock.lost || lock.renewed + renew_time / 2 > now) continue;
      found.ids.push_back(id);
      found.tokens.push_back(lock.token);
    }
    return found;
  }

  // What became of those that were asked about. Jobs that have ended while the answer was on its way count
  // neither as renewed nor as lost.
  std::pair<std::vector<std::string>, std::vector<LostLock>> note_answer(
      const Due& asked, const std::vector<std::string>& failed, Clock::time_point at) {
    std::pair<std::vector<std::string>, std::vector<LostLock>> renewed_and_lost;
    const std::lock_guard guard(mutex);
    for (std::size_t i = 0; i < asked.ids.size(); ++i) {
      const auto lock = locks.find(asked.ids[i]);
      if (lock == locks.end() || lock->second.token != asked.tokens[i]) continue;
      if (std::find(failed.begin(), failed.end(), asked.ids[i]) == failed.end()) {
        lock->second.renewed = at;
        renewed_and_lost.first.push_back(asked.ids[i]);
      } else {
        renewed_and_lost.second.push_back({asked.ids[i], asked.tokens[i], since(lock->second.renewed)});
        lock->second.lost = true;
      }
    }
    return renewed_and_lost;
  }

  asio::awaitable<void> renew_due() {
    const auto asked_at = Clock::now();
    const Due asked = due(asked_at);
    if (asked.ids.empty()) co_return;
    std::vector<std::string> failed = co_await backend->extend_locks(asked.ids, asked.tokens, lock_duration);
    if (!failed.empty()) {
      std::vector<std::string> tokens;
      for (const std::string& id : failed) {
        const auto at = std::find(asked.ids.begin(), asked.ids.end(), id) - asked.ids.begin();
        tokens.push_back(asked.tokens.at(static_cast<std::size_t>(at)));
      }
      failed = co_await backend->reclaim_locks(failed, tokens, lock_duration);
    }
    auto [renewed, lost] = note_answer(asked, failed, asked_at);
    if (!lost.empty()) listener.lost(std::move(lost));
    if (!renewed.empty()) listener.renewed(std::move(renewed));
  }

  asio::awaitable<void> run() {
    Milliseconds retry_pause = kFirstRetryPause;
    while (!stopping) {
      const auto began = Clock::now();
      std::string trouble;
      try {
        co_await renew_due();
        retry_pause = kFirstRetryPause;
      } catch (const std::exception& error) {
        trouble = error.what();
      }
      if (stopping) co_return;
      auto next = began + renew_time / 2;
      if (!trouble.empty()) {
        listener.error(trouble);
        next = Clock::now() + std::min(retry_pause, renew_time / 2);
        retry_pause = std::min(2 * retry_pause, std::max(renew_time, kFirstRetryPause));
      }
      while (!stopping && Clock::now() < next) co_await pause.wait(next);
    }
  }

  Milliseconds lock_duration;
  Milliseconds renew_time;
  Listener listener;
  asio::io_context loop{1};
  Wakeup pause;
  std::shared_ptr<QueueBackend> backend;
  bool stopping = false;  // the keeper's thread only
  std::mutex mutex;
  std::unordered_map<std::string, Lock> locks;
  std::thread thread;
};

LockKeeper::LockKeeper(ConnectionOptions connection, std::string prefix, std::string queue,
                       Milliseconds lock_duration, Milliseconds renew_time, Listener listener) try
    : state_(std::make_unique<State>(std::move(connection), prefix, queue, lock_duration, renew_time,
                                     std::move(listener))) {
  // Detached: the destructor waits for the loop.
  run_detached(state_->loop.get_executor(), state_->run());
  state_->thread = std::thread([state = state_.get()] { state->loop.run(); });
} catch (const Error&) {
  throw;
} catch (const std::runtime_error& error) {
  // The system has no more threads, or no more descriptors.
  throw Error(std::string("a worker needs a thread to renew its locks: ") + error.what());
}

LockKeeper::~LockKeeper() {
  asio::post(state_->loop, [state = state_.get()] {
    state->stopping = true;
    state->pause.wake();
    state->backend->connection().close();
  });
  state_->thread.join();
}

void LockKeeper::track(const std::string& id, const std::string& token) {
  const std::lock_guard guard(state_->mutex);
  state_->locks[id] = {token, Clock::now(), false};
}

void LockKeeper::untrack(const std::string& id, const std::string& token) {
  const std::lock_guard guard(state_->mutex);
  const auto lock = state_->locks.find(id);
  if (lock != state_->locks.end() && lock->second.token == token) state_->locks.erase(lock);
}

std::optional<Milliseconds> LockKeeper::since_renewal(const std::string& id, const std::string& token) const {
  const std::lock_guard guard(state_->mutex);
  const auto lock = state_->locks.find(id);
  if (lock == state_->locks.end() || lock->second.token != token) return std::nullopt;
  return since(lock->second.renewed);
}

}  // namespace bullmq::detail

#include "worker/lock_keeper.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "backend/queue_backend.hpp"
#include "bullmq/error.hpp"
#include "redis/wakeup.hpp"

namespace bullmq::detail {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

struct LockKeeper::State {
  struct Lock {
    std::string token;
    Clock::time_point renewed;
  };

  State(ConnectionOptions connection, std::string prefix, std::string queue, Milliseconds duration,
        Milliseconds renew, Listener l)
      : lock_duration(duration), renew_time(renew), listener(std::move(l)), pause(loop.get_executor()) {
    // A renewal that comes after the lock has expired is of no use.
    connection.command_timeout = std::min(connection.command_timeout, lock_duration);
    backend = std::make_shared<QueueBackend>(
        Connection::open(loop.get_executor(), std::move(connection), prefix + ":" + queue + ":"), prefix,
        queue);
  }

  std::pair<std::vector<std::string>, std::vector<std::string>> due(Clock::time_point now) {
    std::pair<std::vector<std::string>, std::vector<std::string>> ids_and_tokens;
    const std::lock_guard guard(mutex);
    for (auto& [id, lock] : locks) {
      if (lock.renewed + renew_time / 2 > now) continue;
      ids_and_tokens.first.push_back(id);
      ids_and_tokens.second.push_back(lock.token);
    }
    return ids_and_tokens;
  }

  void mark_renewed(const std::vector<std::string>& ids, Clock::time_point at) {
    const std::lock_guard guard(mutex);
    for (const std::string& id : ids) {
      const auto lock = locks.find(id);
      if (lock != locks.end()) lock->second.renewed = at;
    }
  }

  // Drops the ids that are no longer tracked: their jobs have ended while the answer was on its way.
  void keep_tracked(std::vector<std::string>& ids) {
    const std::lock_guard guard(mutex);
    std::erase_if(ids, [&](const std::string& id) { return !locks.contains(id); });
  }

  asio::awaitable<void> run() {
    while (!stopping) {
      co_await pause.wait(Clock::now() + renew_time / 2);
      if (stopping) co_return;
      const auto asked = Clock::now();
      auto [ids, tokens] = due(asked);
      if (ids.empty()) continue;
      try {
        std::vector<std::string> failed = co_await backend->extend_locks(ids, tokens, lock_duration);
        mark_renewed(ids, asked);
        std::erase_if(ids, [&](const std::string& id) {
          return std::find(failed.begin(), failed.end(), id) != failed.end();
        });
        keep_tracked(failed);
        keep_tracked(ids);
        if (!failed.empty()) listener.failed(std::move(failed));
        if (!ids.empty()) listener.renewed(std::move(ids));
      } catch (const std::exception& error) {
        // Tried again at the next turn; the locks live until their duration is over.
        if (!stopping) listener.error(error.what());
      }
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
                       Milliseconds lock_duration, Milliseconds renew_time, Listener listener)
    : state_(std::make_unique<State>(std::move(connection), std::move(prefix), std::move(queue),
                                     lock_duration, renew_time, std::move(listener))) {
  // Detached: the destructor waits for the loop.
  asio::co_spawn(state_->loop, state_->run(), asio::detached);
  state_->thread = std::thread([state = state_.get()] { state->loop.run(); });
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
  state_->locks[id] = {token, Clock::now()};
}

void LockKeeper::untrack(const std::string& id) {
  const std::lock_guard guard(state_->mutex);
  state_->locks.erase(id);
}

}  // namespace bullmq::detail

#include "blocking/thread_pool.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace bullmq::detail {

struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable ended;
  std::deque<std::function<void()>> tasks;
  std::size_t limit;
  std::size_t threads = 0;
  std::size_t idle = 0;
  bool stopping = false;

  explicit State(std::size_t most) : limit(most) {}

  static void serve(const std::shared_ptr<State>& self) {
    std::unique_lock lock(self->mutex);
    while (true) {
      ++self->idle;
      self->work.wait(lock,
                      [&] { return self->stopping || !self->tasks.empty() || self->threads > self->limit; });
      --self->idle;
      if (self->stopping || (self->tasks.empty() && self->threads > self->limit)) break;
      auto task = std::move(self->tasks.front());
      self->tasks.pop_front();
      lock.unlock();
      task();
      // What it holds goes here, not under the lock.
      task = nullptr;
      lock.lock();
    }
    --self->threads;
    self->ended.notify_all();
  }
};

ThreadPool::ThreadPool(std::size_t limit) : state_(std::make_shared<State>(limit)) {}

ThreadPool::~ThreadPool() {
  shut_down(Milliseconds(0));
}

void ThreadPool::set_limit(std::size_t limit) {
  const std::lock_guard guard(state_->mutex);
  state_->limit = limit;
  state_->work.notify_all();
}

void ThreadPool::run(std::function<void()> task) {
  const std::lock_guard guard(state_->mutex);
  if (state_->stopping) return;
  if (state_->idle <= state_->tasks.size() && state_->threads < state_->limit) {
    try {
      // Detached: shut_down() waits for the count, and a thread that does not end shares the state.
      std::thread([state = state_] { State::serve(state); }).detach();
      ++state_->threads;
    } catch (const std::system_error&) {
      // The system has no more threads; those that are there get to it.
      if (state_->threads == 0) throw;
    }
  }
  state_->tasks.push_back(std::move(task));
  state_->work.notify_one();
}

void ThreadPool::shut_down(Milliseconds grace) {
  std::deque<std::function<void()>> dropped;
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  dropped.swap(state_->tasks);
  state_->work.notify_all();
  state_->ended.wait_for(lock, grace, [&] { return state_->threads == 0; });
  lock.unlock();
}

std::size_t ThreadPool::threads() const {
  const std::lock_guard guard(state_->mutex);
  return state_->threads;
}

}  // namespace bullmq::detail

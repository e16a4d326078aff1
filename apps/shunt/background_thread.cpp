#include "background_thread.hpp"

#include <utility>

namespace shunt::app {

BackgroundThread::BackgroundThread() : state_(std::make_shared<State>()) {}

bool BackgroundThread::post(std::function<void()> work) {
  const std::lock_guard lock(state_->mutex);
  if (state_->finishing) return false;
  state_->waiting.push_back(std::move(work));
  if (!thread_.joinable()) thread_ = std::thread([state = state_] { work_through(state); });
  state_->changed.notify_one();
  return true;
}

void BackgroundThread::finish() {
  std::thread last;
  {
    const std::lock_guard lock(state_->mutex);
    state_->finishing = true;
    last = std::move(thread_);
  }
  state_->changed.notify_one();
  if (last.joinable()) last.join();
}

void BackgroundThread::work_through(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  while (true) {
    state->changed.wait(lock, [&state] { return state->finishing || !state->waiting.empty(); });
    if (state->waiting.empty()) return;
    {
      const auto work = std::move(state->waiting.front());
      state->waiting.pop_front();
      lock.unlock();
      work();
      // What it holds goes before the lock is taken again.
    }
    lock.lock();
  }
}

}  // namespace shunt::app

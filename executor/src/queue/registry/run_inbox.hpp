#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "shunt/base/loop_gate.hpp"
#include "shunt/executor/namespace.hpp"
#include "sync_core.hpp"

namespace shunt::executor {

// What the event loops tell the registry of the runs that begin and end on them: they put it here and go on.
// The registry is woken once and then comes by itself until there is nothing more, and once more for each
// kMany that have gathered meanwhile. Any thread.
class RunInbox final : public SyncRunWatcher {
 public:
  // `wake` is called on the loop.
  RunInbox(EventLoop& loop, std::function<void()> wake) : loop_(loop), wake_(std::move(wake)) {}

  struct Notice {
    std::shared_ptr<Generation> generation;
    bool ended = false;
  };
  // Puts all there is into `taken`, which is empty; its memory is what the next ones are put into, so that
  // the loops of the runs allocate none. Nothing: the next notice wakes.
  void take(std::vector<Notice>& taken) {
    const std::lock_guard lock(mutex_);
    awake_ = !notices_.empty();
    notices_.swap(taken);
  }
  // On the loop's thread, before the loop goes.
  void close() { loop_.shut(); }

  void placed(const std::shared_ptr<Generation>& generation) override { push({generation, false}); }
  void ended(const std::shared_ptr<Generation>& generation) override { push({generation, true}); }

 private:
  static constexpr std::size_t kMany = 1'024;

  void push(Notice notice) {
    {
      const std::lock_guard lock(mutex_);
      notices_.push_back(std::move(notice));
      // Many at once: whoever was woken is busy, and is to make room.
      const bool many = notices_.size() % kMany == 0;
      if (std::exchange(awake_, true) && !many) return;
    }
    loop_.post(wake_);
  }

  LoopGate loop_;
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Notice> notices_;
  bool awake_ = false;
};

}  // namespace shunt::executor

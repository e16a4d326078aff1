#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// A lock for each caller, there for as long as somebody holds it or waits for it: a server that one waits for
// holds up nobody else. Any thread; a thread has one of them at a time.
class CallerLocks {
 private:
  struct Lock {
    std::mutex mutex;
    std::size_t users = 0;
  };
  using Locks = std::map<std::string, Lock, std::less<>>;

 public:
  class Hold {
   public:
    Hold(CallerLocks& all, Locks::iterator lock) : all_(all), lock_(lock) { lock_->second.mutex.lock(); }
    ~Hold() {
      lock_->second.mutex.unlock();
      all_.leave(lock_);
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    CallerLocks& all_;
    const Locks::iterator lock_;
  };

  // Waits until it is held.
  [[nodiscard]] Hold hold(std::string_view caller) { return Hold(*this, enter(caller)); }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard guard(mutex_);
    return locks_.size();
  }

 private:
  Locks::iterator enter(std::string_view caller) {
    const std::lock_guard guard(mutex_);
    const auto lock = locks_.try_emplace(std::string(caller)).first;
    ++lock->second.users;
    return lock;
  }
  void leave(Locks::iterator lock) {
    const std::lock_guard guard(mutex_);
    if (--lock->second.users == 0) locks_.erase(lock);
  }

  mutable std::mutex mutex_;
  Locks locks_;
};

}  // namespace shunt::generation

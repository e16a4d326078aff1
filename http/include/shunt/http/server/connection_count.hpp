#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// How many connections there are, and a way to wait until there are none. Any thread.
class ConnectionCount {
 public:
  void joined() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  // One that was told to go, and will have left in a moment: it takes no room from now on.
  void shed() {
    const std::lock_guard lock(mutex_);
    ++going_;
  }
  // `was_shed`: shed() is called for it, if not yet then in a moment.
  void left(bool was_shed) {
    const std::lock_guard lock(mutex_);
    if (was_shed) --going_;
    if (--count_ == 0) none_.notify_all();
  }
  [[nodiscard]] std::size_t now() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  // Does not count those that were told to go.
  [[nodiscard]] std::size_t taken() const {
    const std::lock_guard lock(mutex_);
    return count_ - going_;
  }
  [[nodiscard]] bool wait_for_none(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return none_.wait_for(lock, limit, [this] { return count_ == 0; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable none_;
  std::size_t count_ = 0;
  std::size_t going_ = 0;
};

// Connections without a valid key, by the address of who is at the other end. Has at most as many entries as
// there are connections. Any thread.
class AddressCounts : public std::enable_shared_from_this<AddressCounts> {
 public:
  // Counts one as long as it lives.
  class Slot {
   public:
    Slot() = default;
    Slot(std::shared_ptr<AddressCounts> counts, std::string address)
        : counts_(std::move(counts)), address_(std::move(address)) {}
    Slot(Slot&& other) noexcept : counts_(std::move(other.counts_)), address_(std::move(other.address_)) {}
    Slot& operator=(Slot&& other) noexcept {
      release();
      counts_ = std::move(other.counts_);
      address_ = std::move(other.address_);
      return *this;
    }
    ~Slot() { release(); }

    [[nodiscard]] explicit operator bool() const noexcept { return counts_ != nullptr; }
    void release() noexcept {
      if (const auto counts = std::exchange(counts_, nullptr)) counts->give_back(address_);
    }

   private:
    std::shared_ptr<AddressCounts> counts_;
    std::string address_;
  };

  // An empty slot: the address has `limit` already.
  [[nodiscard]] Slot take(const std::string& address, std::size_t limit) {
    const std::lock_guard lock(mutex_);
    std::size_t& count = counts_[address];
    if (count >= limit) {
      if (count == 0) counts_.erase(address);
      return {};
    }
    ++count;
    return {shared_from_this(), address};
  }

 private:
  void give_back(const std::string& address) noexcept {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(address);
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
  }

  std::mutex mutex_;
  std::map<std::string, std::size_t> counts_;
};

}  // namespace shunt::http

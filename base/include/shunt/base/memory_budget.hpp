#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <string_view>
#include <utility>

namespace shunt::base {

// Who may hold memory that strangers can make grow. Each has its share of the one limit, so that nobody takes
// what another needs to go on.
enum class MemoryShare {
  kStore,        // generations that have ended, in this process
  kOpen,         // generations that wait or run: their inputs and outputs so far
  kClaims,       // idempotency keys
  kRequests,     // requests that are being received and decoded
  kConnections,  // what each connection needs to be there at all
  kAnswers,      // answers that their clients have not read yet
  kStreams,      // events that their clients have not read yet
  kArtifacts,    // pieces of artifacts on their way from their store
  kDrivers,      // output of programs and upstream servers that is not yet a generation's
};
inline constexpr std::size_t kMemoryShares = 9;

// "store", "open", ...
[[nodiscard]] std::string_view to_string(MemoryShare share) noexcept;

// The one limit of what this process holds for its callers (`memory.limit`), divided into shares. What is
// counted is what was reserved; a part of the limit belongs to no share, for what the allocator adds. Any
// thread; an operation is one atomic addition, so reserve for pieces of some KiB and not for each string.
class MemoryBudget {
 public:
  // `store` is that share's size, 0 for a quarter; three quarters at most. The others divide the rest.
  explicit MemoryBudget(std::size_t limit, std::size_t store = 0);

  // Where nobody has set a limit (the library in another program, tests).
  [[nodiscard]] static MemoryBudget& unlimited();

  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  [[nodiscard]] std::size_t capacity(MemoryShare share) const noexcept { return of(share).capacity; }
  [[nodiscard]] std::size_t used(MemoryShare share) const noexcept {
    return of(share).used.load(std::memory_order_relaxed);
  }
  // Requests of memory that were refused since the start.
  [[nodiscard]] std::size_t refused(MemoryShare share) const noexcept {
    return of(share).refused.load(std::memory_order_relaxed);
  }

  // False, and nothing is taken, when it does not fit.
  [[nodiscard]] bool try_take(MemoryShare share, std::size_t bytes) noexcept;
  // Also beyond the capacity: of what is there already and is bounded by something else.
  void take(MemoryShare share, std::size_t bytes) noexcept {
    of(share).used.fetch_add(bytes, std::memory_order_relaxed);
  }
  void give_back(MemoryShare share, std::size_t bytes) noexcept {
    of(share).used.fetch_sub(bytes, std::memory_order_relaxed);
  }

 private:
  struct alignas(64) Share {
    std::size_t capacity = 0;
    std::atomic<std::size_t> used{0};
    std::atomic<std::size_t> refused{0};
  };
  [[nodiscard]] Share& of(MemoryShare share) noexcept { return shares_[static_cast<std::size_t>(share)]; }
  [[nodiscard]] const Share& of(MemoryShare share) const noexcept {
    return shares_[static_cast<std::size_t>(share)];
  }

  const std::size_t limit_;
  std::array<Share, kMemoryShares> shares_;
};

// Memory taken from a share until it goes. Not thread-safe; the budget outlives it.
class MemoryReservation {
 public:
  MemoryReservation() = default;
  MemoryReservation(MemoryBudget& budget, MemoryShare share) noexcept : budget_(&budget), share_(share) {}
  MemoryReservation(MemoryReservation&& other) noexcept
      : budget_(other.budget_), share_(other.share_), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryReservation& operator=(MemoryReservation&& other) noexcept {
    if (this == &other) return *this;
    release();
    budget_ = other.budget_;
    share_ = other.share_;
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }
  ~MemoryReservation() { release(); }

  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  // Grows or shrinks to `bytes`. False, and it stays as it is, when that does not fit.
  [[nodiscard]] bool try_resize(std::size_t bytes) noexcept {
    if (bytes <= bytes_) {
      resize(bytes);
      return true;
    }
    if (budget_ != nullptr && !budget_->try_take(share_, bytes - bytes_)) return false;
    bytes_ = bytes;
    return true;
  }
  // The same of what is there already: it may exceed the share.
  void resize(std::size_t bytes) noexcept {
    if (budget_ != nullptr && bytes > bytes_) budget_->take(share_, bytes - bytes_);
    if (budget_ != nullptr && bytes < bytes_) budget_->give_back(share_, bytes_ - bytes);
    bytes_ = bytes;
  }
  void release() noexcept { resize(0); }
  // What it holds counts for another share from now on, also beyond that one's capacity.
  void move_to(MemoryShare share) noexcept {
    const std::size_t bytes = bytes_;
    release();
    share_ = share;
    resize(bytes);
  }

 private:
  MemoryBudget* budget_ = nullptr;
  MemoryShare share_ = MemoryShare::kOpen;
  std::size_t bytes_ = 0;
};

// 512 MiB, or what the process's cgroup (v2 or v1) allows where that is lower.
[[nodiscard]] std::size_t default_memory_limit();

}  // namespace shunt::base

#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

#include "bullmq/awaitable.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/webhooks/namespace.hpp"

namespace shunt::webhooks {

// An endpoint that has answered 410 is asked nothing for so long, or until a test has reached it.
inline constexpr std::chrono::hours kClosedFor{24 * 30};

// The endpoints (whole URLs) that have answered 410. What these throw is bullmq's. One thread: the loop's.
class ClosedEndpoints {
 public:
  virtual ~ClosedEndpoints() = default;
  [[nodiscard]] virtual bullmq::awaitable<bool> contains(std::string url) = 0;
  [[nodiscard]] virtual bullmq::awaitable<void> add(std::string url) = 0;
  [[nodiscard]] virtual bullmq::awaitable<void> remove(std::string url) = 0;
};

// Those of this process.
class ClosedEndpointsInMemory final : public ClosedEndpoints {
 public:
  static constexpr std::size_t kMost = 10'000;
  explicit ClosedEndpointsInMemory(const Clock& clock) : clock_(clock) {}

  bullmq::awaitable<bool> contains(std::string url) override {
    const auto found = until_.find(url);
    co_return found != until_.end() && found->second > clock_.steady_now();
  }
  bullmq::awaitable<void> add(std::string url) override {
    if (until_.size() >= kMost)
      std::erase_if(until_, [now = clock_.steady_now()](const auto& each) { return each.second <= now; });
    if (until_.size() < kMost) until_[std::move(url)] = clock_.steady_now() + kClosedFor;
    co_return;
  }
  bullmq::awaitable<void> remove(std::string url) override {
    until_.erase(url);
    co_return;
  }

 private:
  const Clock& clock_;
  std::map<std::string, SteadyTime> until_;
};

}  // namespace shunt::webhooks

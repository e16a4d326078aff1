#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// How much of each model is asked of this process, and how long that takes: for preflight and for whoever
// leaves the queue. Remembers the last ten minutes. Any thread; a call takes constant time. Models are those
// that are configured, so their number is bounded.
class LoadMeter {
 public:
  struct Load {
    double per_second = 0;                  // in the busiest of the remembered minutes
    std::chrono::milliseconds mean_run{0};  // of what ended in them; 0: nothing has
  };

  void admitted(std::string_view model, SteadyTime now);
  void ended(std::string_view model, std::chrono::nanoseconds ran, SteadyTime now);
  [[nodiscard]] Load load_of(std::string_view model, SteadyTime now) const;

 private:
  static constexpr std::size_t kMinutes = 10;
  struct Minute {
    std::int64_t at = -1;
    std::uint64_t admitted = 0;
    std::uint64_t ended = 0;
    std::chrono::nanoseconds ran{0};
  };
  using Minutes = std::array<Minute, kMinutes>;

  static Minute& minute_at(Minutes& minutes, SteadyTime now);

  mutable std::mutex mutex_;
  std::map<std::string, Minutes, std::less<>> models_;
};

}  // namespace shunt::flip

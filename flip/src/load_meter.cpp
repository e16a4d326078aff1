#include "shunt/flip/load_meter.hpp"

#include <algorithm>

namespace shunt::flip {
namespace {

std::int64_t minute_of(SteadyTime time) noexcept {
  return std::chrono::duration_cast<std::chrono::minutes>(time.time_since_epoch()).count();
}

}  // namespace

LoadMeter::Minute& LoadMeter::minute_at(Minutes& minutes, SteadyTime now) {
  const std::int64_t at = minute_of(now);
  Minute& minute = minutes[static_cast<std::size_t>(at) % kMinutes];
  if (minute.at != at) minute = {.at = at};
  return minute;
}

void LoadMeter::admitted(std::string_view model, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  auto found = models_.find(model);
  if (found == models_.end()) found = models_.emplace(model, Minutes()).first;
  ++minute_at(found->second, now).admitted;
}

void LoadMeter::ended(std::string_view model, std::chrono::nanoseconds ran, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const auto found = models_.find(model);
  if (found == models_.end()) return;
  Minute& minute = minute_at(found->second, now);
  ++minute.ended;
  minute.ran += ran;
}

LoadMeter::Load LoadMeter::load_of(std::string_view model, SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  const auto found = models_.find(model);
  if (found == models_.end()) return {};
  const std::int64_t oldest = minute_of(now) - static_cast<std::int64_t>(kMinutes) + 1;
  std::uint64_t most = 0;
  std::uint64_t ended = 0;
  std::chrono::nanoseconds ran{0};
  for (const Minute& minute : found->second) {
    if (minute.at < oldest) continue;
    most = std::max(most, minute.admitted);
    ended += minute.ended;
    ran += minute.ran;
  }
  Load load{.per_second = static_cast<double>(most) / 60};
  if (ended > 0) {
    const auto mean =
        std::chrono::duration_cast<std::chrono::milliseconds>(ran / static_cast<std::int64_t>(ended));
    load.mean_run = std::max(mean, std::chrono::milliseconds(1));
  }
  return load;
}

}  // namespace shunt::flip

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shunt::base {

// Wall time as the wire carries it: milliseconds since the Unix epoch.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
// 9999-12-31T23:59:59.999Z in these, the last that RFC 3339 can write: what is told of later times is no
// time.
inline constexpr std::int64_t kLatestMs = 253'402'300'799'999;
using SteadyTime = std::chrono::steady_clock::time_point;

// Where time comes from. Decisions take times as arguments; the objects that make them hold a Clock, so that
// a test can move it. Implementations are safe to call from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime now() const = 0;
  [[nodiscard]] virtual SteadyTime steady_now() const = 0;
};

// The machine's clocks. Lives as long as the process.
[[nodiscard]] const Clock& system_clock();

// RFC 3339 in UTC with milliseconds: "2026-11-23T15:43:07.042Z".
[[nodiscard]] std::string format_rfc3339(WallTime time);
void append_rfc3339(std::string& out, WallTime time);
// Exactly that form; nullopt for everything else.
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text) noexcept;

}  // namespace shunt::base

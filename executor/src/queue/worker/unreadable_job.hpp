#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "shunt/base/clock.hpp"
#include "shunt/base/error.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// What becomes of a job whose data this version cannot read.
struct PutJobBack {
  std::chrono::milliseconds delay{0};  // a worker of the version that wrote it may take it then
};
struct GiveJobUp {
  std::string reason;  // for BullMQ, as of a failed generation
};
using UnreadableJob = std::variant<PutJobBack, GiveJobUp>;

// Such a job is begun this often before it fails: with pauses that double from 5 s to a minute that is about
// an hour, in which workers can be brought to the new version.
inline constexpr std::int64_t kMostStartsOfUnreadable = 60;

// Only an envelope of a later version is worth waiting with, and that no longer than its deadline; all else
// fails at once. `starts`: how often the job has been begun, this time included. Pure.
[[nodiscard]] UnreadableJob decide_unreadable(const Error& problem, std::string_view data,
                                              std::int64_t starts, WallTime now);

}  // namespace shunt::executor

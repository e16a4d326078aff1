#pragma once

#include <string_view>

namespace bullmq {

// The version of BullMQ whose scripts this library runs, e.g. "6.7.0". What it writes to Redis is what that
// version writes; dashboards and other clients read it from a queue's meta key. Any thread.
[[nodiscard]] std::string_view upstream_version() noexcept;

}  // namespace bullmq

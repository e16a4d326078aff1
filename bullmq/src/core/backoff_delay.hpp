#pragma once

#include <cstdint>
#include <optional>

#include "bullmq/job_options.hpp"

namespace bullmq::detail {

// How long to wait after the `attempts_made`-th attempt failed, in ms, of the two kinds that every client
// knows; absent for another kind, which a custom strategy has to answer. `random` is in [0, 1).
[[nodiscard]] std::optional<std::int64_t> backoff_delay(const Backoff& backoff, std::int64_t attempts_made,
                                                        double random);

}  // namespace bullmq::detail

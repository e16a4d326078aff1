#pragma once

#include <string>
#include <string_view>

#include "bullmq/job_options.hpp"

namespace bullmq::detail {

// A random UUID (version 4), as lock tokens begin with.
[[nodiscard]] std::string make_uuid();
[[nodiscard]] std::string base64(std::string_view bytes);
// Now, in ms since the epoch.
[[nodiscard]] Timestamp now_ms();

// The name that getWorkers of every client looks for: "<prefix>:<base64 of the queue>", ":w:<name>" for named
// workers,
// ":qe" for event readers.
[[nodiscard]] std::string client_name(std::string_view prefix, std::string_view queue,
                                      std::string_view suffix = {});

}  // namespace bullmq::detail

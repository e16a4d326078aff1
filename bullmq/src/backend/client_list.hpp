#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bullmq/queue.hpp"

namespace bullmq::detail {

// The workers of a queue among the connections that CLIENT LIST tells.
[[nodiscard]] std::vector<ClientInfo> workers_in(std::string_view client_list, const std::string& prefix,
                                                 const std::string& queue);

}  // namespace bullmq::detail

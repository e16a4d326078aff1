#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bullmq/queue.hpp"

namespace bullmq::detail {

enum class ClientRole { worker, event_reader };

// The workers, or readers of events, of a queue among the connections that CLIENT LIST tells.
[[nodiscard]] std::vector<ClientInfo> clients_in(std::string_view client_list, const std::string& prefix,
                                                 const std::string& queue, ClientRole role);

}  // namespace bullmq::detail

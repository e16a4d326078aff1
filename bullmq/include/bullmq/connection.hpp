#pragma once

#include <memory>

#include "bullmq/awaitable.hpp"
#include "bullmq/connection_options.hpp"

namespace bullmq {

namespace detail {
class Connection;
}

// One connection to Redis that several queues and workers share. It is opened at once, kept open (after a
// failure it is made again, for ever), and closed when the last object that uses it has gone.
using SharedConnection = std::shared_ptr<detail::Connection>;

// Does not wait for Redis: the connection is made in the background. Throws ValidationError for options that
// cannot be understood.
[[nodiscard]] SharedConnection open_connection(Executor executor, ConnectionOptions options);

}  // namespace bullmq

#pragma once

#include <string>

#include "bullmq/connection_options.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/queue_options.hpp"

namespace shunt::executor {

// Connection options of a redis.url, which beside the forms that the library knows may be
//   redis+cluster://[user:password@]host[:port],host[:port],...
//   redis+sentinel://[user:password@]host[:port],host[:port],.../master[/db]
// and the same with rediss+ for TLS. Throws bullmq::ValidationError, whose message has no password in it.
[[nodiscard]] bullmq::ConnectionOptions connection_options(const std::string& url);

// The same for a queue, whose password may stand apart from its URL.
[[nodiscard]] bullmq::ConnectionOptions connection_options(const QueueOptions& queue);

}  // namespace shunt::executor

#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "shunt/http/namespace.hpp"
#include "shunt/http/server/client_address.hpp"

namespace shunt::http {

// What a server's connections go by until its application says otherwise.
struct ServerLimits {
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_connections = 20'000;
  // Counts connections that have not shown who they are (HeaderVerdict::known); 0: no limit.
  std::size_t max_connections_per_address = 0;
  std::chrono::milliseconds header_timeout = std::chrono::seconds(10);  // from first byte to end of headers
  std::chrono::milliseconds body_timeout = std::chrono::seconds(30);
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(75);   // between requests of a connection
  std::chrono::milliseconds write_timeout = std::chrono::seconds(30);  // without progress of a response
  // The shortest that the application sets a connection's deadline to. Deadlines are checked every quarter of
  // the shortest of all these.
  std::chrono::milliseconds shortest_wait = std::chrono::seconds(1);
  // Their word about their clients is believed: their connections count for those.
  TrustedProxies proxies{std::vector<std::string>{}};
};

}  // namespace shunt::http

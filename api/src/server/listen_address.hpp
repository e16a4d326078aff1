#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "shunt/api/http_server.hpp"
#include "shunt/api/namespace.hpp"
#include "surface/route_table.hpp"

namespace shunt::api {

// The endpoint to listen on: an IP address or "localhost" (no name is looked up). Fails on anything else, and
// on an address that others can reach when there are neither keys nor the word that none are wanted (probes
// need neither).
[[nodiscard]] Result<boost::asio::ip::tcp::endpoint> listen_endpoint(const HttpServerOptions& options,
                                                                     Surface surface = Surface::kAll);

}  // namespace shunt::api

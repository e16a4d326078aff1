#pragma once

#include <string_view>

#include "shunt/http/namespace.hpp"

// How names that settings list are written; the configuration refuses others with the place they stand at.
namespace shunt::http {

// A host without a port, as in `server.allowed_hosts`: "api", "shunt.example.com", "10.0.0.7", "::1".
[[nodiscard]] bool is_host(std::string_view text);

// A web origin as browsers send it, as in `server.cors_origins`: "https://app.example.com",
// "http://localhost:3000".
[[nodiscard]] bool is_origin(std::string_view text);

// An address or a range of addresses, as in `server.trusted_proxies`: "10.0.0.0/8", "::1", "192.0.2.7".
[[nodiscard]] bool is_address_range(std::string_view text);

}  // namespace shunt::http

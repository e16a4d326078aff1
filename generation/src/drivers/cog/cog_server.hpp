#pragma once

#include <string>
#include <vector>

#include "shunt/base/result.hpp"
#include "shunt/generation/drivers/cog.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/http/client.hpp"

namespace shunt::generation::cog {

// The configured container, checked and ready for requests. Immutable, shared by all runs.
struct CogServer {
  CogOptions options;
  std::string base_url;     // without a slash at its end
  http::Endpoint endpoint;  // what is connected to: the proxy if there is one
  std::string address;      // "host:port" for messages
  std::vector<std::string> headers;
  std::vector<std::string> secrets;
};

// Reads the headers' values from their environment variables or files. Errors have the code
// `invalid_configuration` and name the option.
[[nodiscard]] Result<CogServer> make_server(CogOptions options);

}  // namespace shunt::generation::cog

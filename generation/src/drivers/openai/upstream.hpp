#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "shunt/base/result.hpp"
#include "shunt/generation/drivers/openai.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/http/client.hpp"

namespace shunt::generation::openai {

// A configured server, checked and ready for requests. Immutable, shared by all runs.
struct Upstream {
  OpenAiOptions options;  // the model's, with this server's own members
  std::string name;       // of one among several
  std::size_t weight = 1;
  std::string url;                   // of the chat completions, with the configured query
  http::Endpoint endpoint;           // what is connected to: the proxy if there is one
  std::string address;               // "host:port" for messages
  std::string api_key;               // "" = none
  std::vector<std::string> headers;  // "Name: value", the configured ones
  std::vector<std::string> secrets;  // the longest first; never in a log or an error
};

// Reads the key and the headers' values from their environment variables or files. Errors have the code
// `invalid_configuration` and name the option ("/base_url").
[[nodiscard]] Result<Upstream> make_upstream(OpenAiOptions options);

// The headers of each request. A trace context that is no header value is left out.
[[nodiscard]] std::vector<std::string> request_headers(const Upstream& upstream,
                                                       const GenerationRequest::Context& context,
                                                       const std::string& content_type = "application/json");

}  // namespace shunt::generation::openai

#pragma once

#include <string>
#include <vector>

#include "drivers/openai/http_transfer.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/drivers/openai.hpp"

namespace shunt::openai {

// The configured server, checked and ready for requests. Immutable, shared by all runs.
struct Upstream {
  OpenAiOptions options;
  std::string url;      // of the chat completions
  Endpoint endpoint;    // what is connected to: the proxy if there is one
  std::string address;  // "host:port" for messages
  std::string api_key;  // "" = none; never in a log or an error
};

// Reads the key from its environment variable or file. Errors have the code `invalid_configuration` and name
// the option ("/base_url").
[[nodiscard]] Result<Upstream> make_upstream(OpenAiOptions options);

// The headers of each request. A trace context that is no header value is left out.
[[nodiscard]] std::vector<std::string> request_headers(const Upstream& upstream,
                                                       const GenerationRequest::Context& context);

}  // namespace shunt::openai

#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "shunt/generation/generator.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

class FileSource;

// Runs generations in a container that Cog has built, over its HTTP API: PUT {base_url}/predictions/{id} with
// the generation's id, streamed where the model streams. docs/generators/cog.md describes each option.
struct CogOptions {
  std::string base_url;  // "http://127.0.0.1:5000"
  // Headers of each request, for what stands before the container; as those of OpenAiServer.
  std::map<std::string, std::string> headers{};
  std::map<std::string, std::string> headers_env{};
  std::map<std::string, std::string> headers_file{};
  // An HTTP proxy, "http://proxy:3128". "" = none, whatever http_proxy and its like say.
  std::string proxy;

  std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);
  // A container that runs its setup, or whose slots are all busy, is asked again for so long, within the
  // generation's deadline.
  std::chrono::milliseconds max_loading_wait = std::chrono::minutes(10);
  std::chrono::milliseconds max_busy_wait = std::chrono::minutes(1);

  // Further attempts where the container did not answer; a prediction that still runs there is joined.
  std::size_t max_retries = 2;
  std::chrono::milliseconds retry_backoff = std::chrono::milliseconds(250);  // doubles, with jitter

  std::size_t max_response_bytes = 64 * 1024 * 1024;  // with the files in it
};

// What can be said of the options without reading a secret. Errors name the option as "/OPTION...".
[[nodiscard]] Result<void> check_cog(const CogOptions& options);

// Input: the arguments of the model's predict(). Text comes as deltas, files as artifacts, what the model
// prints as log events. Result: {"output", "metrics"?}, where a file is {"artifact": its name}. Fails on an
// unusable option with `invalid_configuration`, naming it. Files of the input are sent as data: URLs;
// `files`, where they are read, outlives the generator: without one a generation that has files fails.
[[nodiscard]] Result<std::unique_ptr<Generator>> make_cog_generator(CogOptions options,
                                                                    FileSource* files = nullptr);

}  // namespace shunt::generation

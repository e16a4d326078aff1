#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "shunt/generation/generator.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/generation/upstream_status.hpp"

namespace shunt::generation {

class FileSource;

// What a model's requests ask of its server; docs/generators/openai.md has what each takes and brings.
enum class OpenAiOperation {
  kChat,
  kCompletions,
  kEmbeddings,
  kSpeech,
  kImages,
  kTranscription,
  kTranslation,
  kImageEdits
};

// A server, and the model's name there. Nothing of it is sent to another one.
struct OpenAiServer {
  std::string base_url;  // "http://127.0.0.1:8000/v1"
  std::string model;     // the upstream's name
  // At most one of these; the value is read at construction and never logged.
  std::string api_key_env;
  std::string api_key_file;
  // The header that carries the key: "Authorization" (as a bearer token) or another one (as it is; Azure's is
  // "api-key").
  std::string api_key_header = "Authorization";
  // Further headers of each request, by name: with the value itself, or with the environment variable or file
  // that holds it. Those that the driver or HTTP itself decides (Host, Content-Length, ...) are refused.
  std::map<std::string, std::string> headers{};
  std::map<std::string, std::string> headers_env{};
  std::map<std::string, std::string> headers_file{};
  // The query of the request's address, unescaped: {"api-version": "2024-10-21"}.
  std::map<std::string, std::string> query{};
};

// One of several servers of a model.
struct OpenAiUpstream : OpenAiServer {
  std::string name{};      // for metrics and people; "" = the address, "host:port"
  std::size_t weight = 1;  // its share of the requests; 0 = only where no other is left
};

// Forwards to an OpenAI-compatible server (POST {base_url}/chat/completions, or what the operation is), with
// libcurl on the event loop of the run: no thread per request. docs/generators/openai.md describes each
// option for users.
struct OpenAiOptions : OpenAiServer {
  OpenAiOperation operation = OpenAiOperation::kChat;
  // Whether images are asked for with `response_format: "b64_json"`. Some models refuse the parameter and
  // send nothing else anyway.
  bool ask_for_base64 = true;
  // Whether a transcript is asked for as a stream, so that its pieces are told as they come. Not every server
  // knows that.
  bool stream_transcripts = false;
  // Several servers in place of the one above, of which then only `model` is given: the name at each server
  // that has none of its own. A request goes to the least busy one for its weight, by chance among equals.
  std::vector<OpenAiUpstream> upstreams{};
  // The member of `input` whose value decides the server, as long as that is well: equal values go to the
  // same one, for the sake of its prompt cache. "" = none.
  std::string sticky_field{};
  // A server that fails so often in a row is not asked for breaker_open, which doubles up to
  // breaker_max_open, with jitter; then one request tries it.
  std::size_t breaker_failures = 5;
  std::chrono::milliseconds breaker_open = std::chrono::seconds(5);
  std::chrono::milliseconds breaker_max_open = std::chrono::minutes(1);

  // Whether stream_options.include_usage is asked for. Some servers refuse what they do not know.
  bool include_usage = true;
  // An HTTP proxy, "http://proxy:3128". "" = none, whatever http_proxy and its like say.
  std::string proxy;

  // connect: name look-up, TCP and TLS. first_byte: from then to the first byte of the answer's body. idle:
  // between pieces of the stream. A model that thinks in silence takes minutes before its first word, and
  // again before a tool call, so the last two are long; a server that has died is noticed by TCP.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);
  std::chrono::milliseconds first_byte_timeout = std::chrono::minutes(5);
  std::chrono::milliseconds idle_timeout = std::chrono::minutes(5);
  // The total deadline is the generation's own.

  // Only before the first byte of an answer, on connection errors, 429, 502, 503 and 504. A
  // first_byte_timeout is not retried: the upstream is at work on the request or overloaded, and either way a
  // second one hurts.
  std::size_t max_retries = 2;
  std::chrono::milliseconds retry_backoff = std::chrono::milliseconds(250);  // doubles, with jitter
  std::chrono::milliseconds max_retry_after =
      std::chrono::seconds(20);  // a longer Retry-After is not awaited

  // A server that answers 503 because it loads its model is asked again for so long, within the generation's
  // deadline, and without using up retries. 0 = as any other 503.
  std::chrono::milliseconds max_loading_wait = std::chrono::minutes(10);

  // Of the files that messages of a chat name by id, all together, each as often as it is named: they are
  // sent within the request.
  std::size_t max_message_file_bytes = 32 * 1024 * 1024;

  std::size_t max_response_bytes = 32 * 1024 * 1024;
  std::size_t error_excerpt_bytes = 2048;  // of the upstream's body, kept in the error's details
};

// What can be said of the options without reading a secret: the headers' names, and the values that stand in
// the configuration. Errors name the option as "/OPTION...", and no value.
[[nodiscard]] Result<void> check_openai(const OpenAiOptions& options);

// How a server is asked for its list of models: one GET, which generates nothing.
struct OpenAiModelsRequest {
  std::string server;                // "host:port", or its name among several
  std::string model;                 // what it calls the model
  std::string url;                   // {base_url}/models, with the configured query
  std::vector<std::string> headers;  // "Name: value": the key, and what else is configured; not for people
  std::string proxy;
  bool has_key = false;
};
// One for each server, in the order of the configuration. Fails as make_openai_generator does.
[[nodiscard]] Result<std::vector<OpenAiModelsRequest>> openai_models_requests(const OpenAiOptions& options);

// Input: {"prompt": text} or {"messages": [...]}, and any of the chat completion parameters (temperature,
// max_tokens, ...), which pass through. The text comes as deltas. Result: {"finish_reason", "model"?,
// "usage"?, "message"?, "logprobs"?}, where `message` holds what the model's message has beside its text
// (tool_calls, refusal, reasoning_content). That is of chat; the other operations have their own. Fails on an
// unusable option with `invalid_configuration`, naming it. Files of a chat become parts of its last message,
// those of transcriptions, translations and image edits parts of the form that these send;
// `files`, where they are read, outlives the generator: without one a generation that has files fails.
[[nodiscard]] Result<std::unique_ptr<Generator>> make_openai_generator(OpenAiOptions options,
                                                                       FileSource* files = nullptr);

// Whether generations of this operation may have files.
[[nodiscard]] constexpr bool takes_files(OpenAiOperation operation) noexcept {
  return operation == OpenAiOperation::kChat || operation == OpenAiOperation::kTranscription ||
         operation == OpenAiOperation::kTranslation || operation == OpenAiOperation::kImageEdits;
}

// The servers among which a generator of this driver chooses, in the order of the configuration. Empty where
// there is no choice, and for a generator of another driver, or none. Any thread.
[[nodiscard]] std::vector<UpstreamStatus> upstreams_of(const Generator* generator);

}  // namespace shunt::generation

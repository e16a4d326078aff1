#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "header_settings.hpp"
#include "settings_table.hpp"
#include "shunt/config/redact.hpp"
#include "value_kinds.hpp"

namespace shunt::config {
namespace {

using namespace std::chrono_literals;
using kind::Bytes;
using kind::Count;
using kind::Duration;
using kind::Text;
using kind::TextMap;

// What a server has, whether it is a model's only one or one of several.
template <typename Options>
std::vector<Setting<Options>> server_settings() {
  std::vector<Setting<Options>> settings = {
      setting<Options>("base_url", Text{Text::Empty::kRefused}, &Options::base_url,
                       "The server, as in `http://127.0.0.1:8000/v1`; `/chat/completions` (or the path of "
                       "another operation) is added.")
          .secret([](const Options& o) { return in_quotes(redacted_url(o.base_url)); }),
      setting<Options>("model", Text{Text::Empty::kRefused}, &Options::model,
                       "The server's name for the model."),
      setting<Options>("api_key_env", Text{}, &Options::api_key_env,
                       "The environment variable that holds the server's key."),
      setting<Options>("api_key_file", Text{}, &Options::api_key_file,
                       "Or the file that holds it. At most one of the two."),
      setting<Options>(
          "api_key_header", Text{Text::Empty::kRefused}, &Options::api_key_header,
          "The header that carries it: `Authorization` as a bearer token, any other one as it is "
          "(Azure: `api-key`)."),
  };
  add_header_settings(settings);
  settings.push_back(setting<Options>("query", TextMap{}, &Options::query,
                                      "Parameters of the address, as in `{ api-version = \"2024-10-21\" }`.")
                         .secret([](const Options& o) { return names_alone(o.query); }));
  return settings;
}

}  // namespace

const std::vector<Setting<OpenAiUpstream>>& upstream_settings() {
  using Upstream = OpenAiUpstream;
  static const std::vector<Setting<Upstream>> kSettings = [] {
    std::vector<Setting<Upstream>> settings = server_settings<Upstream>();
    settings.front() = std::move(settings.front()).required();
    settings.push_back(
        setting<Upstream>("name", Text{}, &Upstream::name,
                          "What metrics and logs call it: at most 64 of `A-Z a-z 0-9 . _ : -`. "
                          "Empty: `server-1` and so on, by its place."));
    settings.push_back(setting<Upstream>("weight", Count{0, 1000}, &Upstream::weight,
                                         "Its share of the requests. 0: asked only where no other is left."));
    return settings;
  }();
  return kSettings;
}

namespace {

// What an `openai` model has beside its server or servers.
std::vector<Setting<OpenAiOptions>> shared_openai_settings() {
  using Options = OpenAiOptions;
  return {
      setting<Options>("operation",
                       kind::Choice<OpenAiOperation>{{{"chat", OpenAiOperation::kChat},
                                                      {"completions", OpenAiOperation::kCompletions},
                                                      {"embeddings", OpenAiOperation::kEmbeddings},
                                                      {"speech", OpenAiOperation::kSpeech},
                                                      {"images", OpenAiOperation::kImages},
                                                      {"transcription", OpenAiOperation::kTranscription},
                                                      {"translation", OpenAiOperation::kTranslation},
                                                      {"image_edits", OpenAiOperation::kImageEdits}}},
                       &Options::operation, "What is asked of the server."),
      setting<Options>(
          "ask_for_base64", kind::Switch{}, &Options::ask_for_base64,
          "Whether images are asked for with `response_format: \"b64_json\"`. OpenAI's gpt-image "
          "models refuse it and need no asking."),
      setting<Options>(
          "stream_transcripts", kind::Switch{}, &Options::stream_transcripts,
          "Whether a transcription as `json` or `text` is asked for as a stream, whose pieces become deltas. "
          "Servers that know no such streams refuse it, or answer with the whole."),
      setting<Options>(
          "sticky_field", Text{}, &Options::sticky_field,
          "With `upstreams`: the member of `input` whose value decides the server, so that equal "
          "ones find its prompt cache. Empty: none."),
      setting<Options>("breaker_failures", Count{1, 1000}, &Options::breaker_failures,
                       "With `upstreams`: a server that fails so often in a row is left out for a while."),
      setting<Options>(
          "breaker_open", Duration{1ms, 1h}, &Options::breaker_open,
          "For so long at first, doubled with each repetition, with jitter; then one request tries it."),
      setting<Options>("breaker_max_open", Duration{1ms, 24h}, &Options::breaker_max_open,
                       "The most that becomes of it."),
      setting<Options>("include_usage", kind::Switch{}, &Options::include_usage,
                       "Whether the server is asked for its token counts (`stream_options.include_usage`). "
                       "Some refuse what they do not know."),
      setting<Options>("proxy", Text{}, &Options::proxy,
                       "An HTTP proxy, as in `http://proxy:3128`. `http_proxy` and its like are ignored.")
          .secret([](const Options& o) { return in_quotes(redacted_url(o.proxy)); }),
      setting<Options>("connect_timeout", Duration{1ms, 1h}, &Options::connect_timeout,
                       "Name look-up, TCP and TLS."),
      setting<Options>("first_byte_timeout", Duration{1ms, 24h}, &Options::first_byte_timeout,
                       "From then to the first byte of the answer's body."),
      setting<Options>("idle_timeout", Duration{1ms, 24h}, &Options::idle_timeout,
                       "Between two pieces of the answer."),
      setting<Options>("max_retries", Count{0, 100}, &Options::max_retries,
                       "Further attempts, only before an answer's first byte."),
      setting<Options>("retry_backoff", Duration{0ms, 1h}, &Options::retry_backoff,
                       "Before the first retry; doubles with each, with jitter."),
      setting<Options>("max_retry_after", Duration{0ms, 24h}, &Options::max_retry_after,
                       "A server that asks for a longer wait is not waited for."),
      setting<Options>(
          "max_loading_wait", Duration{0ms, 24h}, &Options::max_loading_wait,
          "A server that answers 503 because it loads its model is asked again for so long, within "
          "the deadline and without using up retries."),
      setting<Options>("max_message_file_bytes", Bytes{0}, &Options::max_message_file_bytes,
                       "The files that messages of a chat name by `file_id`, which are sent within the "
                       "request: all together, each as often as it is named. 0: none are taken."),
      setting<Options>("max_response_bytes", Bytes{1}, &Options::max_response_bytes,
                       "The answer as it travels."),
      setting<Options>("error_excerpt_bytes", Bytes{0, 1 << 20}, &Options::error_excerpt_bytes,
                       "Of a failed answer's body, kept in the error's details."),
  };
}

}  // namespace

const std::vector<Setting<OpenAiOptions>>& openai_settings() {
  using Options = OpenAiOptions;
  static const std::vector<Setting<Options>> kSettings = [] {
    std::vector<Setting<Options>> settings = server_settings<Options>();
    std::ranges::move(shared_openai_settings(), std::back_inserter(settings));
    return settings;
  }();
  return kSettings;
}

}  // namespace shunt::config

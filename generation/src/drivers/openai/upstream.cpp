#include "drivers/openai/upstream.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "shunt/base/secrets.hpp"

namespace shunt::openai {
namespace {

// A key is some hundred bytes; whatever is longer is not the file that was meant.
constexpr std::size_t kMaxKeyBytes = 16 * 1024;

Error wrong(std::string_view option, std::string message) {
  return invalid_field("/" + std::string(option), std::string(option) + ' ' + std::move(message),
                       "invalid_configuration");
}

struct FreeUrl {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owned(text, &curl_free);
  return text;
}

// Never quotes the address: it might hold a password.
Result<Endpoint> parse_address(std::string_view option, const std::string& text) {
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  const bool is_url = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK;
  const std::string scheme = is_url ? part_of(url.get(), CURLUPART_SCHEME) : "";
  if (scheme != "http" && scheme != "https") {
    return wrong(option, "must be an http or https address, as in http://127.0.0.1:8000/v1");
  }
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD}) {
    if (!part_of(url.get(), part).empty()) return wrong(option, "must not contain a user name or password");
  }
  for (const CURLUPart part : {CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (!part_of(url.get(), part).empty())
      return wrong(option, "must not contain a query (?) or fragment (#)");
  }
  Endpoint endpoint;
  endpoint.host = part_of(url.get(), CURLUPART_HOST);
  if (endpoint.host.starts_with('[')) endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  const std::string port = part_of(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  return endpoint;
}

std::string trimmed(const std::string& text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool is_header_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

Result<std::string> key_text(const OpenAiOptions& options) {
  if (!options.api_key_env.empty()) {
    auto value = environment_variable(options.api_key_env);
    if (!value) return wrong("api_key_env", "names " + options.api_key_env + ", which is not set");
    return std::move(*value);
  }
  std::ifstream file(options.api_key_file, std::ios::binary);
  std::string text(kMaxKeyBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.gcount() == 0 && !file.eof())) {
    return wrong("api_key_file", "names " + options.api_key_file + ", which cannot be read");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

Result<std::string> read_api_key(const OpenAiOptions& options) {
  if (options.api_key_env.empty() && options.api_key_file.empty()) return std::string();
  if (!options.api_key_env.empty() && !options.api_key_file.empty()) {
    return wrong("api_key_env", "and api_key_file cannot both be given");
  }
  const std::string_view option = options.api_key_env.empty() ? "api_key_file" : "api_key_env";
  auto text = key_text(options);
  if (!text) return text;
  std::string key = trimmed(*text);
  if (key.empty()) return wrong(option, "leads to an empty key");
  if (key.size() > kMaxKeyBytes || !is_header_value(key)) {
    return wrong(option, "leads to something that is no key: one line of printable ASCII is expected");
  }
  return key;
}

Result<void> check_limits(const OpenAiOptions& options) {
  if (options.model.empty()) return wrong("model", "must name the upstream's model");
  const std::pair<std::string_view, std::chrono::milliseconds> durations[] = {
      {"connect_timeout", options.connect_timeout},
      {"first_byte_timeout", options.first_byte_timeout},
      {"idle_timeout", options.idle_timeout}};
  for (const auto& [name, duration] : durations) {
    if (duration.count() <= 0) return wrong(name, "must be longer than zero");
  }
  if (options.retry_backoff.count() < 0) return wrong("retry_backoff", "must not be negative");
  if (options.max_retry_after.count() < 0) return wrong("max_retry_after", "must not be negative");
  if (options.max_response_bytes == 0) return wrong("max_response_bytes", "must be more than zero");
  return {};
}

}  // namespace

Result<Upstream> make_upstream(OpenAiOptions options) {
  if (auto checked = check_limits(options); !checked) return std::move(checked).error();
  auto server = parse_address("base_url", options.base_url);
  if (!server) return std::move(server).error();
  Upstream upstream;
  upstream.address = server->host + ':' + std::to_string(server->port);
  upstream.endpoint = std::move(server).value();
  if (!options.proxy.empty()) {
    auto proxy = parse_address("proxy", options.proxy);
    if (!proxy) return std::move(proxy).error();
    upstream.endpoint = std::move(proxy).value();
  }
  auto key = read_api_key(options);
  if (!key) return std::move(key).error();
  upstream.api_key = std::move(key).value();
  upstream.url = options.base_url.substr(0, options.base_url.find_last_not_of('/') + 1) + "/chat/completions";
  upstream.options = std::move(options);
  return upstream;
}

std::vector<std::string> request_headers(const Upstream& upstream,
                                         const GenerationRequest::Context& context) {
  std::vector<std::string> headers{
      "Content-Type: application/json", "Accept: text/event-stream, application/json", "User-Agent: shunt",
      "Expect:"};  // no "100-continue", for which libcurl would wait a second with a large body
  if (!upstream.api_key.empty()) headers.push_back("Authorization: Bearer " + upstream.api_key);
  if (!context.traceparent.empty() && is_header_value(context.traceparent)) {
    headers.push_back("traceparent: " + context.traceparent);
    if (!context.tracestate.empty() && is_header_value(context.tracestate)) {
      headers.push_back("tracestate: " + context.tracestate);
    }
  }
  return headers;
}

}  // namespace shunt::openai

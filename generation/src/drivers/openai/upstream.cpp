#include "drivers/openai/upstream.hpp"

#include <string_view>
#include <utility>

#include "drivers/openai/operation_request.hpp"
#include "drivers/openai/secret_source.hpp"
#include "drivers/openai/upstream_headers.hpp"
#include "shunt/http/url.hpp"

namespace shunt::generation::openai {
namespace {

constexpr std::size_t kMaxQuery = 64;

// Never quotes the address: it might hold a password.
Result<http::Endpoint> parse_address(std::string_view option, const std::string& text) {
  const auto url = http::parse_url(text);
  if (!url || (url->scheme != "http" && url->scheme != "https")) {
    return wrong_option(option, "must be an http or https address, as in http://127.0.0.1:8000/v1");
  }
  if (url->has_login) return wrong_option(option, "must not contain a user name or password");
  if (url->has_query || url->has_fragment) {
    return wrong_option(option, "must not contain a query (?) or fragment (#)");
  }
  return http::Endpoint{url->host, url->port};
}

// The address is what the operation's path is added to; one that has it already would be asked for it twice.
Result<void> check_base(const OpenAiOptions& options) {
  const std::string_view base =
      std::string_view(options.base_url).substr(0, options.base_url.find_last_not_of('/') + 1);
  const std::string_view added = path_of(options.operation);
  if (!base.ends_with(added)) return {};
  return wrong_option("base_url", "must end before " + std::string(added) + ", which is added to it");
}

Result<std::string> read_api_key(const OpenAiOptions& options) {
  if (options.api_key_env.empty() && options.api_key_file.empty()) return std::string();
  if (!options.api_key_env.empty() && !options.api_key_file.empty()) {
    return wrong_option("api_key_env", "and api_key_file cannot both be given");
  }
  return options.api_key_env.empty() ? secret_from_file("api_key_file", options.api_key_file)
                                     : secret_from_env("api_key_env", options.api_key_env);
}

Result<void> check_limits(const OpenAiOptions& options) {
  if (options.model.empty()) return wrong_option("model", "must name the upstream's model");
  const std::pair<std::string_view, std::chrono::milliseconds> durations[] = {
      {"connect_timeout", options.connect_timeout},
      {"first_byte_timeout", options.first_byte_timeout},
      {"idle_timeout", options.idle_timeout}};
  for (const auto& [name, duration] : durations) {
    if (duration.count() <= 0) return wrong_option(name, "must be longer than zero");
  }
  if (options.retry_backoff.count() < 0) return wrong_option("retry_backoff", "must not be negative");
  if (options.max_loading_wait.count() < 0) return wrong_option("max_loading_wait", "must not be negative");
  if (options.max_retry_after.count() < 0) return wrong_option("max_retry_after", "must not be negative");
  if (options.query.size() > kMaxQuery || options.query.contains("")) {
    return wrong_option("query",
                        "must have at most " + std::to_string(kMaxQuery) + " names, none of them empty");
  }
  if (options.max_response_bytes == 0) return wrong_option("max_response_bytes", "must be more than zero");
  return {};
}

}  // namespace

Result<Upstream> make_upstream(OpenAiOptions options) {
  if (auto checked = check_limits(options); !checked) return std::move(checked).error();
  auto server = parse_address("base_url", options.base_url);
  if (!server) return std::move(server).error();
  if (auto checked = check_base(options); !checked) return std::move(checked).error();
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
  auto headers = configured_headers(options, upstream.api_key);
  if (!headers) return std::move(headers).error();
  upstream.headers = std::move(headers->lines);
  upstream.secrets = std::move(headers->secrets);
  upstream.url = options.base_url.substr(0, options.base_url.find_last_not_of('/') + 1) +
                 std::string(path_of(options.operation)) + query_text(options);
  upstream.options = std::move(options);
  return upstream;
}

std::vector<std::string> request_headers(const Upstream& upstream, const GenerationRequest::Context& context,
                                         const std::string& content_type) {
  std::vector<std::string> headers = upstream.headers;
  headers.push_back("Content-Type: " + content_type);
  if (!has_header(headers, "accept")) {
    headers.push_back("Accept: " + std::string(accepted_by(upstream.options.operation)));
  }
  if (!has_header(headers, "user-agent")) headers.emplace_back("User-Agent: shunt");
  if (!context.traceparent.empty() && is_header_value(context.traceparent)) {
    headers.push_back("traceparent: " + context.traceparent);
    if (!context.tracestate.empty() && is_header_value(context.tracestate)) {
      headers.push_back("tracestate: " + context.tracestate);
    }
  }
  return headers;
}

}  // namespace shunt::generation::openai

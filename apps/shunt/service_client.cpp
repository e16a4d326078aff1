#include "service_client.hpp"

#include <chrono>
#include <utility>

#include "probe_url.hpp"
#include "settings.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/base/secrets.hpp"

namespace shunt::app {
namespace {

constexpr std::chrono::seconds kConnectTime{5};
constexpr std::chrono::seconds kCallTime{30};
// A service sends a comment every server.sse_heartbeat (15 s).
constexpr std::chrono::seconds kSilentTime{60};
// What is held of an answer: a record may have a whole result in it, of which a generator makes hundreds of
// MiB.
constexpr std::size_t kMaxAnswerBytes = 1024UL * 1024 * 1024;

std::string key_of(const ClientOptions& options) {
  if (options.api_key) return *options.api_key;
  return environment_variable("SHUNT_API_KEY").value_or("");
}

}  // namespace

ServiceClient::ServiceClient(std::string url, std::string api_key, bool local)
    : url_(std::move(url)),
      api_key_(std::move(api_key)),
      local_(local),
      client_(std::make_unique<http::BlockingClient>()) {}

Result<ServiceClient> ServiceClient::open(const ClientOptions& options) {
  std::string key = key_of(options);
  if (key.find_first_of("\r\n") != std::string::npos) {
    return Error{"invalid_configuration", "the API key must be one line"};
  }
  if (options.url) return ServiceClient(named_url(*options.url), std::move(key), false);
  const auto loaded = load_settings(options.settings);
  if (!loaded) return loaded.error();
  auto url = probe_url(loaded->configuration, Probed::kApi);
  if (!url) return url.error();
  return ServiceClient(std::move(*url), std::move(key), true);
}

http::ClientRequest ServiceClient::request(const std::string& method, const std::string& path) const {
  http::ClientRequest made;
  made.method = method;
  made.url = url_ + path;
  // A proxy of the environment does not know what 127.0.0.1 is here.
  if (!local_) made.proxy.reset();
  if (!api_key_.empty()) made.headers.push_back("Authorization: Bearer " + api_key_);
  made.connect_timeout = kConnectTime;
  return made;
}

Error ServiceClient::unreachable(const std::string& reason) const {
  return {"unreachable",
          "cannot reach the service at " + url_ + ": " + reason + ". Is it running? --url names another one"};
}

Result<ServiceAnswer> ServiceClient::call(const std::string& method, const std::string& path,
                                          const std::optional<Json>& body) {
  http::ClientRequest sent = request(method, path);
  sent.total_timeout = kCallTime;
  sent.max_response_bytes = kMaxAnswerBytes;
  if (body) {
    sent.headers.emplace_back("Content-Type: application/json");
    sent.body = to_json_text(*body);
  }
  http::ClientResponse answer = client_->perform(std::move(sent));
  if (!answer.complete()) return unreachable(answer.end.reason);
  return ServiceAnswer{answer.head.status, std::move(answer.head.location), std::move(answer.body)};
}

Result<JsonObject> ServiceClient::get(const std::string& path) {
  const auto answer = call("GET", path);
  if (!answer) return answer.error();
  if (answer->status < 200 || answer->status > 299) return error_of(*answer);
  auto json = parse_json(answer->body, {.max_depth = 128});
  if (json && json->is_object()) return std::move(json->get_object());
  return Error{"unreachable", "what answers at " + url_ + " is no Shunt service: GET " + path +
                                  " gave something else than a JSON object"};
}

Result<ServiceAnswer> ServiceClient::stream(const std::string& path, const std::string& last_event_id,
                                            const std::function<bool(std::string_view)>& on_bytes) {
  http::ClientRequest sent = request("GET", path);
  sent.headers.emplace_back("Accept: text/event-stream");
  if (!last_event_id.empty()) sent.headers.push_back("Last-Event-ID: " + last_event_id);
  sent.silence_timeout = kSilentTime;
  ServiceAnswer answer;
  const auto take = [&](const http::ResponseHead& head, std::string_view bytes) {
    if (head.status == 200) return on_bytes(bytes);
    answer.body += bytes;
    return answer.body.size() <= kMaxAnswerBytes;
  };
  http::ClientResponse response = client_->perform(std::move(sent), take);
  const bool stopped = response.end.how == http::TransferEnd::How::kStopped;
  if (!response.complete() && !stopped) return unreachable(response.end.reason);
  answer.status = response.head.status;
  answer.location = std::move(response.head.location);
  return answer;
}

void ServiceClient::stop() noexcept {
  client_->end_by(std::chrono::steady_clock::now());
}

Error error_of(const ServiceAnswer& answer) {
  const std::string status = "HTTP " + std::to_string(answer.status);
  const auto json = parse_json(answer.body);
  if (!json || !json->is_object()) return {"http_status", "the service answered with " + status};
  const JsonObject& problem = json->get_object();
  const std::string_view detail = text_in(problem, "detail");
  return {ErrorCode::parse(text_in(problem, "code")).value_or(ErrorCode("http_status")),
          detail.empty() ? "the service answered with " + status : std::string(detail),
          retryable_if(is_true_in(problem, "retryable"))};
}

}  // namespace shunt::app

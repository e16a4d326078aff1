#include "service_client.hpp"

#include <curl/curl.h>

#include <array>
#include <utility>

#include "settings.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/base/secrets.hpp"

namespace shunt::app {
namespace {

constexpr long kConnectSeconds = 5;
constexpr long kCallSeconds = 30;
// A service sends a comment every server.sse_heartbeat (15 s).
constexpr long kSilentSeconds = 60;

// Where a service with this configuration can be reached from this machine.
std::string local_url(const config::Configuration& configuration) {
  std::string host = configuration.server.address;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = '[' + host + ']';
  return "http://" + host + ':' + std::to_string(configuration.server.port);
}

std::string key_of(const ClientOptions& options) {
  if (options.api_key) return *options.api_key;
  return environment_variable("SHUNT_API_KEY").value_or("");
}

struct Transfer {
  CURL* curl = nullptr;
  ServiceAnswer answer{};
  const std::function<bool(std::string_view)>* on_bytes = nullptr;
  const std::atomic<bool>* stop = nullptr;
  bool enough = false;
};

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* into) {
  Transfer& transfer = *static_cast<Transfer*>(into);
  const std::string_view piece(bytes, size * count);
  long status = 0;
  ::curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
  if (transfer.on_bytes != nullptr && status == 200) {
    if (!(*transfer.on_bytes)(piece)) {
      transfer.enough = true;
      return 0;
    }
  } else {
    transfer.answer.body += piece;
  }
  return piece.size();
}

int look_whether_to_stop(void* into, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const Transfer& transfer = *static_cast<const Transfer*>(into);
  return transfer.stop != nullptr && *transfer.stop ? 1 : 0;
}

}  // namespace

struct ServiceClient::Handle {
  Handle() : curl(::curl_easy_init()) {}
  ~Handle() { ::curl_easy_cleanup(curl); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  // Returns curl's reason, "" when there is an answer.
  std::string perform(Transfer& transfer, const std::string& url, const std::vector<std::string>& headers) {
    curl_slist* list = nullptr;
    for (const std::string& header : headers) list = ::curl_slist_append(list, header.c_str());
    std::array<char, CURL_ERROR_SIZE> reason{};
    transfer.curl = curl;
    ::curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    ::curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    ::curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    ::curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    ::curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason.data());
    ::curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    ::curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    // A proxy of the environment does not know what 127.0.0.1 is here.
    if (local) ::curl_easy_setopt(curl, CURLOPT_PROXY, "");
    const CURLcode code = ::curl_easy_perform(curl);
    ::curl_slist_free_all(list);
    ::curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer.answer.status);
    curl_header* location = nullptr;
    if (::curl_easy_header(curl, "Location", 0, CURLH_HEADER, -1, &location) == CURLHE_OK) {
      transfer.answer.location = location->value;
    }
    ::curl_easy_reset(curl);
    if (code == CURLE_OK) return {};
    return reason[0] != '\0' ? reason.data() : ::curl_easy_strerror(code);
  }

  CURL* const curl;
  bool local = false;
};

ServiceClient::ServiceClient(std::string url, std::string api_key, bool local)
    : url_(std::move(url)), api_key_(std::move(api_key)), handle_(std::make_unique<Handle>()) {
  handle_->local = local;
}
ServiceClient::~ServiceClient() = default;
ServiceClient::ServiceClient(ServiceClient&&) noexcept = default;
ServiceClient& ServiceClient::operator=(ServiceClient&&) noexcept = default;

Result<ServiceClient> ServiceClient::open(const ClientOptions& options) {
  std::string key = key_of(options);
  if (key.find_first_of("\r\n") != std::string::npos) {
    return Error{"invalid_configuration", "the API key must be one line"};
  }
  if (options.url) {
    std::string url = *options.url;
    if (url.find("://") == std::string::npos) url.insert(0, "http://");
    while (url.ends_with('/')) url.pop_back();
    return ServiceClient(std::move(url), std::move(key), false);
  }
  const auto loaded = load_settings(options.settings);
  if (!loaded) return loaded.error();
  if (loaded->configuration.server.port == 0) {
    return Error{
        "invalid_configuration",
        "the configuration lets the service take any free port (server.listen ends in :0), so nobody "
        "knows where it listens: name it with --url"};
  }
  return ServiceClient(local_url(loaded->configuration), std::move(key), true);
}

std::vector<std::string> ServiceClient::headers() const {
  std::vector<std::string> made;
  if (!api_key_.empty()) made.push_back("Authorization: Bearer " + api_key_);
  return made;
}

Error ServiceClient::unreachable(const std::string& reason) const {
  return {"unreachable",
          "cannot reach the service at " + url_ + ": " + reason + ". Is it running? --url names another one"};
}

Result<ServiceAnswer> ServiceClient::call(const std::string& method, const std::string& path,
                                          const std::optional<Json>& body) {
  Transfer transfer;
  std::vector<std::string> sent = headers();
  const std::string text = body ? to_json_text(*body) : std::string();
  ::curl_easy_setopt(handle_->curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  ::curl_easy_setopt(handle_->curl, CURLOPT_TIMEOUT, kCallSeconds);
  if (body) {
    sent.emplace_back("Content-Type: application/json");
    ::curl_easy_setopt(handle_->curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(text.size()));
    ::curl_easy_setopt(handle_->curl, CURLOPT_COPYPOSTFIELDS, text.c_str());
  }
  const std::string reason = handle_->perform(transfer, url_ + path, sent);
  if (!reason.empty()) return unreachable(reason);
  return std::move(transfer.answer);
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
                                            const std::function<bool(std::string_view)>& on_bytes,
                                            const std::atomic<bool>& stop) {
  Transfer transfer;
  transfer.on_bytes = &on_bytes;
  transfer.stop = &stop;
  std::vector<std::string> sent = headers();
  sent.emplace_back("Accept: text/event-stream");
  if (!last_event_id.empty()) sent.push_back("Last-Event-ID: " + last_event_id);
  CURL* const curl = handle_->curl;
  ::curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  ::curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kSilentSeconds);
  ::curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  ::curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_whether_to_stop);
  ::curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  const std::string reason = handle_->perform(transfer, url_ + path, sent);
  if (!reason.empty() && !stop && !transfer.enough) return unreachable(reason);
  return std::move(transfer.answer);
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

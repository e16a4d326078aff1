#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands.hpp"
#include "namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/http/blocking_client.hpp"

namespace shunt::app {

// What a service answered.
struct ServiceAnswer {
  int status = 0;
  std::string location;
  std::string body;
};

// The running service, asked over HTTP. One thread, but for stop(); a call takes 30 s at most.
class ServiceClient {
 public:
  // Reaches where --url says, else where the configuration says that the service listens. Fails on a
  // configuration that cannot be read.
  [[nodiscard]] static Result<ServiceClient> open(const ClientOptions& options);

  [[nodiscard]] const std::string& url() const noexcept { return url_; }

  // Any status is an answer. Fails with `unreachable` when there is none; the message says why and what to
  // do.
  [[nodiscard]] Result<ServiceAnswer> call(const std::string& method, const std::string& path,
                                           const std::optional<Json>& body = std::nullopt);
  // The JSON object of an answer with a status from 200 to 299; otherwise an error with the problem's code
  // and words.
  [[nodiscard]] Result<JsonObject> get(const std::string& path);

  // Reads an event stream until it ends, `on_bytes` has had enough, or stop(); `on_bytes` gets its body as it
  // comes, if the status is 200, and says whether to go on. Fails as call() does, also when the connection
  // breaks or stays silent for a minute.
  [[nodiscard]] Result<ServiceAnswer> stream(const std::string& path, const std::string& last_event_id,
                                             const std::function<bool(std::string_view)>& on_bytes);

  // What is under way ends, and so does every later call. Any thread.
  void stop() noexcept;

 private:
  ServiceClient(std::string url, std::string api_key, bool local);
  [[nodiscard]] http::ClientRequest request(const std::string& method, const std::string& path) const;
  [[nodiscard]] Error unreachable(const std::string& reason) const;

  std::string url_;
  std::string api_key_;
  bool local_;
  std::unique_ptr<http::BlockingClient> client_;
};

// The error that a refusing answer stands for: its problem's words and code, or the status.
[[nodiscard]] Error error_of(const ServiceAnswer& answer);

}  // namespace shunt::app

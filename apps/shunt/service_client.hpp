#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"

namespace shunt::app {

// What a service answered.
struct ServiceAnswer {
  long status = 0;
  std::string location;
  std::string body;
};

// The running service, asked over HTTP. One thread; a call takes 30 s at most.
class ServiceClient {
 public:
  // Where --url says, else where the configuration says that the service listens. Fails on a configuration
  // that cannot be read.
  [[nodiscard]] static Result<ServiceClient> open(const ClientOptions& options);
  ~ServiceClient();
  ServiceClient(ServiceClient&&) noexcept;
  ServiceClient& operator=(ServiceClient&&) noexcept;

  [[nodiscard]] const std::string& url() const noexcept { return url_; }

  // Any status is an answer. Fails with `unreachable` when there is none; the message says why and what to
  // do.
  [[nodiscard]] Result<ServiceAnswer> call(const std::string& method, const std::string& path,
                                           const std::optional<Json>& body = std::nullopt);
  // The JSON object of an answer with a status from 200 to 299; otherwise an error with the problem's code
  // and words.
  [[nodiscard]] Result<JsonObject> get(const std::string& path);

  // Reads an event stream until it ends; `on_bytes` gets its body as it comes, if the status is 200, and says
  // whether to go on. Fails as call() does, also when the connection breaks or stays silent for a minute;
  // ends early once `stop` is set.
  [[nodiscard]] Result<ServiceAnswer> stream(const std::string& path, const std::string& last_event_id,
                                             const std::function<bool(std::string_view)>& on_bytes,
                                             const std::atomic<bool>& stop);

 private:
  struct Handle;
  ServiceClient(std::string url, std::string api_key, bool local);
  [[nodiscard]] std::vector<std::string> headers() const;
  [[nodiscard]] Error unreachable(const std::string& reason) const;

  std::string url_;
  std::string api_key_;
  std::unique_ptr<Handle> handle_;
};

// The error that a refusing answer stands for: its problem's words and code, or the status.
[[nodiscard]] Error error_of(const ServiceAnswer& answer);

}  // namespace shunt::app

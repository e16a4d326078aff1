#pragma once

#include <optional>

#include "admission/live_settings.hpp"
#include "admission/request_check.hpp"
#include "routes/exchange.hpp"
#include "service/service.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/http/server/application.hpp"

namespace shunt::api {

// What a connection's requests are to the API: the decision first, then the route's handler.
class ApiHandler final : public http::RequestHandler {
 public:
  explicit ApiHandler(Service& service) : service_(service), live_(service.live) {}

  [[nodiscard]] const http::ServerLimits& renew() override;
  [[nodiscard]] http::HeaderVerdict check(http::ServerExchange& exchange, SteadyTime now) override;
  [[nodiscard]] http::Task<void> handle(http::ServerExchange& exchange) override;
  void refuse(http::Response& response, const Error& error) override;
  void answered(const http::ServerExchange& exchange, std::chrono::nanoseconds took) override;
  void end() noexcept override;

 private:
  void share_body(http::ServerExchange& exchange);
  void log_request(const http::ServerExchange& exchange, std::chrono::nanoseconds took) const;

  Service& service_;
  LiveSettingsSource::Reader live_;  // renewed with each request
  LetIn let_in_;                     // by the settings of live_
  // These belong to the request under way.
  std::optional<RequestDecision> decision_;
  std::optional<Exchange> exchange_;
};

}  // namespace shunt::api

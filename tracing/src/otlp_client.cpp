#include "otlp_client.hpp"

#include <string_view>
#include <utility>

namespace shunt::tracing {
namespace {

// What is kept of an answer, which says little.
constexpr std::size_t kMaxAnswerBytes = 64UL * 1024;

}  // namespace

OtlpClient::OtlpClient(const ExporterOptions& options) {
  request_.method = "POST";
  request_.url = options.url;
  request_.proxy.reset();
  request_.headers.emplace_back("Content-Type: application/json");
  for (const auto& [name, value] : options.headers) request_.headers.push_back(name + ": " + value);
  request_.connect_timeout = options.timeout;
}

Answer OtlpClient::post(const std::string& body, SteadyTime until) {
  http::ClientRequest request = request_;
  request.borrowed_body = body;
  std::string kept;
  const auto keep = [&kept](const http::ResponseHead&, std::string_view bytes) {
    kept += bytes.substr(0, kMaxAnswerBytes - kept.size());
    return true;
  };
  http::ClientResponse response = client_.perform(std::move(request), keep, until);
  if (!response.complete()) return {.problem = std::move(response.end.reason)};
  return {.status = response.head.status,
          .body = std::move(kept),
          .retry_after = std::move(response.head.retry_after)};
}

}  // namespace shunt::tracing

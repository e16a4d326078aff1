#pragma once

#include <string>

#include "delivery.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/http/blocking_client.hpp"
#include "shunt/tracing/namespace.hpp"

namespace shunt::tracing {

// Requests to one collector, one after the other, on a connection that is kept. One thread, but for
// interrupt(). Throws std::runtime_error if libcurl cannot be set up.
class OtlpClient {
 public:
  explicit OtlpClient(const ExporterOptions& options);

  // POSTs `body` and returns by `until` at the latest.
  [[nodiscard]] Answer post(const std::string& body, SteadyTime until);

  // The request under way, and every later one, ends by `until`. Any thread.
  void interrupt(SteadyTime until) noexcept { client_.end_by(until); }

 private:
  http::ClientRequest request_;  // but for its body
  http::BlockingClient client_;
};

}  // namespace shunt::tracing

#pragma once

#include <memory>
#include <string>

#include "delivery.hpp"
#include "shunt/base/clock.hpp"

namespace shunt::tracing {

// Requests to one collector, one after the other, on a connection that is kept. One thread, but for
// interrupt(). Throws std::runtime_error if libcurl cannot be set up.
class OtlpClient {
 public:
  explicit OtlpClient(const ExporterOptions& options);
  ~OtlpClient();
  OtlpClient(const OtlpClient&) = delete;
  OtlpClient& operator=(const OtlpClient&) = delete;

  // POSTs `body` and returns by `until` at the latest.
  [[nodiscard]] Answer post(const std::string& body, SteadyTime until);

  // The request under way, and every later one, ends by `until`. Any thread.
  void interrupt(SteadyTime until) noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shunt::tracing

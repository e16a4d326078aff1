#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/http/server/server_metrics.hpp"
#include "surface/route_table.hpp"

namespace shunt::api {

// What the server counts of itself. Labels are bounded: route and method come from the route table, statuses
// are classes. Any thread.
class HttpMetrics final : public http::ServerMetrics {
 public:
  explicit HttpMetrics(Surface surface = Surface::kAll);
  ~HttpMetrics() override;

  // `route` null: nothing matched.
  void request_done(const Route* route, std::string_view method, int status, std::chrono::nanoseconds took);
  void connection_opened() override;
  void connection_closed() override;
  void connection_shed() override;
  void connection_failed() override;
  void stream_opened();
  void stream_closed();
  void received(std::size_t bytes) override;
  void sent(std::size_t bytes) override;

  // Prometheus text format.
  [[nodiscard]] std::string text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shunt::api

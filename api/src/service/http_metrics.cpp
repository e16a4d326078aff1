#include "service/http_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <sstream>

namespace shunt::api {
namespace {

constexpr auto kMethods =
    std::to_array<std::string_view>({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "other"});
constexpr auto kClasses = std::to_array<const char*>({"2xx", "3xx", "4xx", "5xx"});

std::size_t method_index(std::string_view method) noexcept {
  const auto* const found = std::find(kMethods.begin(), kMethods.end() - 1, method);
  return static_cast<std::size_t>(found - kMethods.begin());
}

std::size_t class_index(int status) noexcept {
  return static_cast<std::size_t>(std::clamp(status / 100, 2, 5) - 2);
}

// From a cache's answer to a long generation.
const prometheus::Histogram::BucketBoundaries kSeconds = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600};

}  // namespace

struct HttpMetrics::Impl {
  // Counters are made on first use, since most combinations never happen and need not be scraped; then found
  // without a look-up by labels, which costs more than the count.
  struct OfRoute {
    std::string label;
    prometheus::Histogram* seconds = nullptr;
    std::array<std::array<std::atomic<prometheus::Counter*>, kClasses.size()>, kMethods.size()> requests{};
  };

  explicit Impl(Surface surface) {
    for (const Route& route : routes()) {
      // A row all the same, since rows are found by the route's place in the table.
      is_on(surface, route.id) ? add(route.operation) : static_cast<void>(of_route.emplace_back());
    }
    add("unmatched");
  }

  void add(std::string_view label) {
    OfRoute& row = of_route.emplace_back();
    row.label = label;
    row.seconds = &durations.Add({{"route", row.label}}, kSeconds);
  }

  prometheus::Counter& counter(OfRoute& row, std::size_t method, std::size_t status_class) {
    std::atomic<prometheus::Counter*>& known = row.requests[method][status_class];
    if (auto* const counter = known.load(std::memory_order_acquire)) return *counter;
    // Same labels, same counter: two threads that meet here get one.
    prometheus::Counter& made = requests.Add({{"route", row.label},
                                              {"method", std::string(kMethods[method])},
                                              {"status", kClasses[status_class]}});
    known.store(&made, std::memory_order_release);
    return made;
  }

  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter()
          .Name("shunt_http_requests_total")
          .Help("Requests answered, by route, method and status class")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& durations =
      prometheus::BuildHistogram()
          .Name("shunt_http_request_duration_seconds")
          .Help("From the end of a request's header to the end of its response")
          .Register(registry);
  prometheus::Gauge& connections = prometheus::BuildGauge()
                                       .Name("shunt_http_connections")
                                       .Help("Connections open now")
                                       .Register(registry)
                                       .Add({});
  prometheus::Counter& shed = prometheus::BuildCounter()
                                  .Name("shunt_http_connections_shed_total")
                                  .Help("Waiting connections closed to make room for new ones")
                                  .Register(registry)
                                  .Add({});
  prometheus::Counter& failed =
      prometheus::BuildCounter()
          .Name("shunt_http_connections_failed_total")
          .Help("Connections that an exception ended: each is a fault of the server")
          .Register(registry)
          .Add({});
  prometheus::Gauge& streams = prometheus::BuildGauge()
                                   .Name("shunt_http_event_streams")
                                   .Help("Event streams open now")
                                   .Register(registry)
                                   .Add({});
  prometheus::Counter& received = prometheus::BuildCounter()
                                      .Name("shunt_http_received_bytes_total")
                                      .Help("Bytes read from clients")
                                      .Register(registry)
                                      .Add({});
  prometheus::Counter& sent = prometheus::BuildCounter()
                                  .Name("shunt_http_sent_bytes_total")
                                  .Help("Bytes written to clients")
                                  .Register(registry)
                                  .Add({});
  std::deque<OfRoute> of_route;  // in the table's order, then "unmatched"
};

HttpMetrics::HttpMetrics(Surface surface) : impl_(std::make_unique<Impl>(surface)) {}
HttpMetrics::~HttpMetrics() = default;

void HttpMetrics::request_done(const Route* route, std::string_view method, int status,
                               std::chrono::nanoseconds took) {
  const std::size_t index =
      route == nullptr ? routes().size() : static_cast<std::size_t>(route - routes().data());
  Impl::OfRoute& row = impl_->of_route[index];
  impl_->counter(row, method_index(method), class_index(status)).Increment();
  row.seconds->Observe(std::chrono::duration<double>(took).count());
}

void HttpMetrics::connection_opened() {
  impl_->connections.Increment();
}
void HttpMetrics::connection_closed() {
  impl_->connections.Decrement();
}
void HttpMetrics::connection_shed() {
  impl_->shed.Increment();
}
void HttpMetrics::connection_failed() {
  impl_->failed.Increment();
}
void HttpMetrics::stream_opened() {
  impl_->streams.Increment();
}
void HttpMetrics::stream_closed() {
  impl_->streams.Decrement();
}
void HttpMetrics::received(std::size_t bytes) {
  impl_->received.Increment(static_cast<double>(bytes));
}
void HttpMetrics::sent(std::size_t bytes) {
  impl_->sent.Increment(static_cast<double>(bytes));
}

std::string HttpMetrics::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, impl_->registry.Collect());
  return std::move(out).str();
}

}  // namespace shunt::api

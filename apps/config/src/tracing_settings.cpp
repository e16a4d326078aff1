#include <chrono>

#include "general_setting.hpp"
#include "settings_table.hpp"
#include "shunt/config/redact.hpp"
#include "value_kinds.hpp"

namespace shunt::config {
namespace {

using namespace std::chrono_literals;
using kind::Bytes;
using kind::Count;
using kind::Duration;
using kind::Headers;
using kind::HttpAddress;
using kind::Real;
using kind::Text;
using tracing::ExporterOptions;

using General = Setting<Configuration>;

template <typename Value>
auto of_tracing(Value TracingSettings::* member) {
  return through(&Configuration::tracing, member);
}

template <typename Value>
auto exporter(Value ExporterOptions::* member) {
  return [member](auto& target) -> auto& { return target.tracing.exporter.*member; };
}

// Its value may have a password.
General endpoint(std::string name, std::string variable, std::string TracingSettings::* member,
                 std::string doc) {
  return general(std::move(name), HttpAddress{}, of_tracing(member), std::move(doc))
      .env(std::move(variable))
      .secret([member](const Configuration& c) { return in_quotes(redacted_url(c.tracing.*member)); });
}

void add_collector(std::vector<General>& to) {
  to.push_back(endpoint("tracing.otlp_endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT",
                        &TracingSettings::otlp_endpoint,
                        "A collector that takes OTLP over HTTP, as `http://collector:4318`; `/v1/traces` is "
                        "appended. Empty: no traces."));
  to.push_back(endpoint("tracing.otlp_traces_endpoint", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                        &TracingSettings::otlp_traces_endpoint,
                        "Instead: the whole address, used as it is."));
  to.push_back(general("tracing.otlp_headers", Headers{}, exporter(&ExporterOptions::headers),
                       "Sent with every request, as `{ authorization = \"Bearer ...\" }`; in the variable "
                       "as `name=value,name=value`, with `%` escapes.")
                   .env("OTEL_EXPORTER_OTLP_HEADERS")
                   .secret([](const Configuration& c) {
                     Headers::Value names = c.tracing.exporter.headers;
                     for (auto& [name, value] : names) value = "(set)";
                     return Headers{}.show(names);
                   }));
  to.push_back(general("tracing.service_name", Text{Text::Empty::kRefused},
                       of_tracing(&TracingSettings::service_name), "`service.name` of all spans.")
                   .env("OTEL_SERVICE_NAME"));
  to.push_back(general("tracing.sample_ratio", Real{0, 1}, of_tracing(&TracingSettings::sample_ratio),
                       "Which part of the traces that begin here is recorded. What a `traceparent` says "
                       "stands."));
}

void add_limits(std::vector<General>& to) {
  to.push_back(general("tracing.max_queue_spans", Count{1, 1'000'000},
                       exporter(&ExporterOptions::max_queue_spans),
                       "Spans that wait for the collector; further ones are dropped and counted."));
  to.push_back(general("tracing.max_queue_bytes", Bytes{64 * 1024, std::size_t{1} << 30U},
                       exporter(&ExporterOptions::max_queue_bytes), "Their memory, likewise."));
  to.push_back(general("tracing.max_batch_spans", Count{1, 10'000},
                       exporter(&ExporterOptions::max_batch_spans), "Spans of one request."));
  to.push_back(general("tracing.batch_interval", Duration{10ms, 1min},
                       exporter(&ExporterOptions::batch_interval),
                       "How long a span waits for others of its batch."));
  to.push_back(general("tracing.timeout", Duration{10ms, 5min}, exporter(&ExporterOptions::timeout),
                       "Of one request to the collector."));
  to.push_back(
      general("tracing.backoff", Duration{10ms, 1min}, exporter(&ExporterOptions::backoff),
              "Pause before a batch is sent again; it doubles with each failure, up to 30 s. A batch "
              "is given up after 6 tries."));
  to.push_back(general("tracing.flush_timeout", Duration{0ms, 1min},
                       of_tracing(&TracingSettings::flush_timeout),
                       "At the end of the process: time for the spans that are left."));
}

}  // namespace

std::vector<Setting<Configuration>> tracing_settings() {
  std::vector<General> made;
  add_collector(made);
  add_limits(made);
  return made;
}

std::string traces_url(const TracingSettings& settings) {
  if (!settings.otlp_traces_endpoint.empty()) return settings.otlp_traces_endpoint;
  if (settings.otlp_endpoint.empty()) return {};
  std::string url = settings.otlp_endpoint;
  while (url.ends_with('/')) url.pop_back();
  return url + "/v1/traces";
}

}  // namespace shunt::config

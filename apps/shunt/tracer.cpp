#include "tracer.hpp"

#include <unistd.h>

#include <utility>

#include "metric_families.hpp"
#include "shunt/flip/decision.hpp"
#include "version_text.hpp"

namespace shunt::app {
namespace {

using tracing::Span;
using tracing::SpanKind;
using Outcome = executor::SubmitOutcome;

constexpr int kFirstServerError = 500;

double milliseconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

tracing::Resource resource_of(const config::TracingSettings& settings, const std::string& process) {
  tracing::Resource resource;
  resource.attributes = {{"service.name", settings.service_name},
                         {"service.version", std::string(kVersion)},
                         {"service.instance.id", process}};
  resource.scope_version = kVersion;
  return resource;
}

tracing::ExporterOptions exporter_options(const config::TracingSettings& settings) {
  tracing::ExporterOptions options = settings.exporter;
  options.url = config::traces_url(settings);
  return options;
}

// A span under the context, in which it takes the place of its parent. Nothing: it is not recorded, and the
// context says so to everybody further down.
std::optional<Span> span_under(GenerationRequest::Context& context, double sample_ratio) {
  const auto parent = tracing::parse_traceparent(context.traceparent);
  if (parent && !parent->sampled()) return std::nullopt;
  Span span;
  span.context = tracing::child_of(parent, sample_ratio);
  span.start = tracing::span_now();
  if (parent) {
    span.parent = parent->span_id;
    span.trace_state = context.tracestate;
  } else {
    context.tracestate.clear();
  }
  context.traceparent = tracing::format_traceparent(span.context);
  if (!span.context.sampled()) return std::nullopt;
  return span;
}

template <typename Value>
void add(Span& span, std::string_view key, Value value) {
  span.attributes.push_back({key, std::move(value)});
}

// The decision of a flip, in the words of OpenTelemetry's conventions for feature flags.
void add_decision(Span& span, const Admission& admission) {
  if (admission.epoch == 0) return;
  add(span, "feature_flag.key", std::string("shunt.executor"));
  add(span, "feature_flag.set.id", std::string("shunt.flip"));
  add(span, "feature_flag.version", std::to_string(admission.epoch));
  add(span, "feature_flag.result.variant", admission.executor);
  if (const auto reason = flip::parse_reason(admission.reason))
    add(span, "feature_flag.result.reason", std::string(flip::feature_flag_reason(*reason)));
}

// What a submit came to, as the span tells it.
struct OutcomeText {
  std::string_view name;
  std::string_view code{};
  std::optional<GenerationId> id{};
  std::chrono::nanoseconds enqueue{0};
  std::optional<Admission> admission{};  // of what was accepted
};

OutcomeText describe(const Outcome& outcome) {
  if (const auto* refused = std::get_if<executor::Refused>(&outcome)) {
    return {.name = "refused", .code = refused->error.code};
  }
  if (const auto* unknown = std::get_if<executor::Unknown>(&outcome)) {
    return {.name = "unknown", .code = unknown->error.code, .id = unknown->id};
  }
  const auto& accepted = std::get<executor::Accepted>(outcome);
  return {.name = accepted.replayed ? "replayed" : "accepted",
          .id = accepted.id,
          .enqueue = accepted.enqueue,
          .admission = accepted.watch ? std::optional(accepted.watch->record().admission) : std::nullopt};
}

class TracedRequest final : public api::RequestTrace {
 public:
  TracedRequest(tracing::SpanExporter& exporter, Span span) : exporter_(exporter), span_(std::move(span)) {}
  TracedRequest(const TracedRequest&) = delete;
  TracedRequest& operator=(const TracedRequest&) = delete;
  ~TracedRequest() override {
    if (!answered_) add(span_, "shunt.client_left", true);
    span_.end = tracing::span_now();
    exporter_.record(std::move(span_));
  }

  void submitted(const Outcome& outcome) override {
    const OutcomeText text = describe(outcome);
    const tracing::SpanTime now = tracing::span_now();
    span_.events.push_back({text.name, now});
    add(span_, "shunt.outcome", std::string(text.name));
    add(span_, "shunt.admission_ms", milliseconds_of(now - span_.start));
    if (text.enqueue.count() > 0) add(span_, "shunt.enqueue_ms", milliseconds_of(text.enqueue));
    if (text.id) add(span_, "shunt.generation.id", text.id->to_string());
    if (text.admission) {
      add(span_, "shunt.path", text.admission->executor);
      add_decision(span_, *text.admission);
    }
    if (text.code.empty()) return;
    add(span_, "error.type", std::string(text.code));
    code_ = text.code;
  }

  void answered(int status) override {
    answered_ = true;
    add(span_, "http.response.status_code", std::int64_t{status});
    if (status >= kFirstServerError) span_.failure = code_;
  }

 private:
  tracing::SpanExporter& exporter_;
  Span span_;
  std::string code_;
  bool answered_ = false;
};

class TracedRun final : public executor::RunTrace {
 public:
  TracedRun(tracing::SpanExporter& exporter, Span span) : exporter_(exporter), span_(std::move(span)) {}

  void ended(const End& end) override {
    span_.end = tracing::span_now();
    // What never started has a span of its wait.
    if (end.ran.count() > 0) span_.start = span_.end - end.ran;
    add(span_, "shunt.wait_ms", milliseconds_of(end.waited));
    add(span_, "shunt.state", std::string(to_string(end.state)));
    if (end.retried) add(span_, "shunt.retried", true);
    if (end.state == GenerationState::kFailed) {
      add(span_, "error.type", std::string(end.error_code));
      span_.failure = std::string(end.error_code);
    }
    exporter_.record(std::move(span_));
  }

  void released(executor::WorkerObserver::Release how) override {
    const bool lost = how == executor::WorkerObserver::Release::kLost;
    span_.end = tracing::span_now();
    add(span_, "shunt.state", std::string(lost ? "lost" : "given_back"));
    if (lost) span_.failure = "the worker lost the generation";
    exporter_.record(std::move(span_));
  }

 private:
  tracing::SpanExporter& exporter_;
  Span span_;
};

}  // namespace

Tracer::Tracer(const config::TracingSettings& settings, const std::string& process)
    : sample_ratio_(settings.sample_ratio),
      flush_timeout_(settings.flush_timeout),
      exporter_(exporter_options(settings), resource_of(settings, process)) {}

std::unique_ptr<api::RequestTrace> Tracer::begin(std::string_view method, std::string_view route,
                                                 GenerationRequest& request) {
  auto span = span_under(request.context, sample_ratio_);
  if (!span) return nullptr;
  span->kind = SpanKind::kServer;
  span->parent_is_remote = span->parent.has_value();
  span->name.append(method).append(" ").append(route);
  span->attributes.reserve(15);
  add(*span, "http.request.method", std::string(method));
  add(*span, "http.route", std::string(route));
  add(*span, "shunt.model", request.model);
  return std::make_unique<TracedRequest>(exporter_, std::move(*span));
}

std::unique_ptr<executor::RunTrace> Tracer::begin(Envelope& envelope, std::string_view path,
                                                  std::size_t attempt) {
  auto span = span_under(envelope.request.context, sample_ratio_);
  if (!span) return nullptr;
  const bool queue = path == "queue";
  span->kind = queue ? SpanKind::kConsumer : SpanKind::kInternal;
  span->parent_is_remote = queue && span->parent.has_value();
  span->name = "run " + envelope.request.model;
  span->attributes.reserve(13);
  add(*span, "shunt.generation.id", envelope.id.to_string());
  add(*span, "shunt.model", envelope.request.model);
  add(*span, "shunt.path", std::string(path));
  add(*span, "shunt.attempt", static_cast<std::int64_t>(attempt));
  add_decision(*span, envelope.admission);
  return std::make_unique<TracedRun>(exporter_, std::move(*span));
}

void Tracer::stop() {
  exporter_.stop(flush_timeout_);
}

std::string Tracer::metrics_text() const {
  const tracing::ExportCounts counts = exporter_.counts();
  GaugeReading waiting("shunt_trace_spans_waiting", "Spans that wait for the collector");
  const auto counter = [](const char* name, const char* help, std::uint64_t value) {
    return CounterReading(name, help).add(value).family();
  };
  return app::metrics_text(
      {counter("shunt_trace_spans_exported_total", "Spans that the collector has taken", counts.exported),
       counter("shunt_trace_spans_dropped_total", "Spans for which there was no room", counts.dropped),
       counter("shunt_trace_spans_failed_total", "Spans that could not be delivered", counts.failed),
       counter("shunt_trace_export_failures_total", "Requests to the collector that failed",
               counts.failed_requests),
       waiting.add(static_cast<double>(counts.waiting)).family()});
}

}  // namespace shunt::app

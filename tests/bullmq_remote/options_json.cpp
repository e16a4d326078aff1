#include "options_json.hpp"

#include <cmath>
#include <functional>
#include <map>

#include "bullmq/error.hpp"
#include "remote.hpp"
#include "support/fast_path.hpp"

namespace remote {
namespace {

using bullmq::Milliseconds;
using Setters = std::map<std::string, std::function<void(const Json&)>, std::less<>>;

void apply(const char* what, const Json& options, const Setters& setters) {
  for (const auto& [name, value] : options.items()) {
    const auto setter = setters.find(name);
    if (setter == setters.end()) throw NotSupported(std::string(what) + " option " + name);
    if (!value.is_null()) setter->second(value);
  }
}

Milliseconds ms(const Json& value) {
  return Milliseconds(std::llround(value.get<double>()));
}

void no_effect(const Json&) {}

bullmq::ConnectionOptions connection(const Json& value) {
  bullmq::ConnectionOptions options;
  apply("connection", value,
        {{"url", [&](const Json& v) { options.url = v; }},
         {"host", [&](const Json& v) { options.address.host = v; }},
         {"port", [&](const Json& v) { options.address.port = v; }},
         {"username", [&](const Json& v) { options.username = v; }},
         {"password", [&](const Json& v) { options.password = v; }},
         {"db", [&](const Json& v) { options.database = v; }},
         {"path", [&](const Json& v) { options.unix_socket = v; }},
         // How ioredis retries; this library has its own ways, and deadlines.
         {"maxRetriesPerRequest", no_effect},
         {"enableOfflineQueue", [&](const Json& v) { options.offline_queue = v; }}});
  return options;
}

bullmq::KeepJobs keep_jobs(const Json& value) {
  const auto options = bullmq::job_options_from_json(Json{{"removeOnComplete", value}}.dump());
  return *options.remove_on_complete;
}

// JavaScript's number or nothing: upstream checks the type of these itself.
double number(const Json& value) {
  return value.is_number() ? value.get<double>() : -1;
}

}  // namespace

namespace {

// Whole milliseconds are all that the library's options can say.
void refuse_fraction(const Json& options, const char* name) {
  const Json value = options.value(name, Json());
  if (value.is_number_float() && std::trunc(value.get<double>()) != value.get<double>()) {
    throw NotSupported(std::string("fractions of milliseconds: job option ") + name);
  }
}

}  // namespace

bullmq::JobOptions job_options(const Json& options) {
  if (options.is_null()) return {};
  for (const char* name : {"delay", "timestamp", "backoff"}) refuse_fraction(options, name);
  if (const Json backoff = options.value("backoff", Json()); backoff.is_object())
    refuse_fraction(backoff, "delay");
  return bullmq::job_options_from_json(options.dump());
}

bullmq::QueueOptions queue_options(const Json& json) {
  bullmq::QueueOptions options;
  options.fast_path = shunt::testing::fast_path_under_test();
  apply("Queue", json,
        {{"connection", [&](const Json& v) { options.connection = connection(v); }},
         {"prefix", [&](const Json& v) { options.prefix = v; }},
         {"defaultJobOptions", [&](const Json& v) { options.default_job_options = job_options(v); }},
         {"fastPath", [&](const Json& v) { options.fast_path = v; }},
         {"skipMetasUpdate", [&](const Json& v) { options.skip_metas_update = v; }},
         {"skipVersionCheck", no_effect},
         {"streams", [&](const Json& v) {
            if (v.contains("events"))
              options.max_len_events = v["events"].value("maxLen", options.max_len_events);
          }}});
  return options;
}

bullmq::WorkerOptions worker_options(const Json& json) {
  bullmq::WorkerOptions options;
  options.fast_path = shunt::testing::fast_path_under_test();
  apply(
      "Worker", json,
      {{"connection", [&](const Json& v) { options.connection = connection(v); }},
       {"prefix", [&](const Json& v) { options.prefix = v; }},
       {"name", [&](const Json& v) { options.name = v; }},
       {"concurrency",
        [&](const Json& v) {
          options.concurrency = number(v) < 1 ? 0 : static_cast<std::size_t>(number(v));
        }},
       {"autorun", [&](const Json& v) { options.autorun = v; }},
       {"lockDuration", [&](const Json& v) { options.lock_duration = ms(v); }},
       {"lockRenewTime", [&](const Json& v) { options.lock_renew_time = ms(v); }},
       {"skipLockRenewal", [&](const Json& v) { options.skip_lock_renewal = v; }},
       {"stalledInterval",
        [&](const Json& v) { options.stalled_interval = Milliseconds(std::llround(number(v))); }},
       {"skipStalledCheck", [&](const Json& v) { options.skip_stalled_check = v; }},
       {"maxStalledCount", [&](const Json& v) { options.max_stalled_count = std::llround(number(v)); }},
       {"maxStartedAttempts", [&](const Json& v) { options.max_started_attempts = std::llround(number(v)); }},
       {"drainDelay",
        [&](const Json& v) { options.drain_delay = Milliseconds(std::llround(number(v) * 1'000)); }},
       {"limiter",
        [&](const Json& v) { options.limiter = {v.at("max").get<std::int64_t>(), ms(v.at("duration"))}; }},
       {"maximumRateLimitDelay", [&](const Json& v) { options.maximum_rate_limit_delay = ms(v); }},
       {"runRetryDelay", [&](const Json& v) { options.run_retry_delay = ms(v); }},
       {"removeOnComplete", [&](const Json& v) { options.remove_on_complete = keep_jobs(v); }},
       {"removeOnFail", [&](const Json& v) { options.remove_on_fail = keep_jobs(v); }},
       {"skipVersionCheck", no_effect},
       // What Node's worker does not have.
       {"jobTimeout", [&](const Json& v) { options.job_timeout = ms(v); }},
       {"fastPath", [&](const Json& v) { options.fast_path = v; }},
       {"cancelGrace", [&](const Json& v) { options.cancel_grace = ms(v); }},
       {"cancelOnLostLock", [&](const Json& v) { options.cancel_on_lost_lock = v; }},
       {"metrics", [&](const Json& v) {
          if (v.contains("maxDataPoints"))
            options.metrics_max_data_points = v["maxDataPoints"].get<std::int64_t>();
        }}});
  return options;
}

bullmq::QueueEventsOptions events_options(const Json& json) {
  bullmq::QueueEventsOptions options;
  apply("QueueEvents", json,
        {{"connection", [&](const Json& v) { options.connection = connection(v); }},
         {"prefix", [&](const Json& v) { options.prefix = v; }},
         {"lastEventId", [&](const Json& v) { options.last_event_id = v; }},
         {"blockingTimeout", [&](const Json& v) { options.blocking_timeout = ms(v); }},
         {"skipVersionCheck", no_effect}});
  return options;
}

bullmq::QueueEventsProducerOptions producer_options(const Json& json) {
  bullmq::QueueEventsProducerOptions options;
  apply("QueueEventsProducer", json,
        {{"connection", [&](const Json& v) { options.connection = connection(v); }},
         {"prefix", [&](const Json& v) { options.prefix = v; }},
         {"skipVersionCheck", no_effect}});
  return options;
}

}  // namespace remote

#include <algorithm>

#include "bullmq/error.hpp"
#include "options_json.hpp"
#include "remote.hpp"

namespace remote {
namespace {

using bullmq::awaitable;
using bullmq::JobState;
using bullmq::Queue;

std::vector<JobState> states_of(const Json& value) {
  std::vector<JobState> states;
  const auto add = [&](const std::string& name) {
    // Not jobs, but what makes them.
    if (name == "repeat") throw NotSupported("the state repeat");
    const JobState state = bullmq::job_state_from(name);
    if (std::find(states.begin(), states.end(), state) == states.end()) states.push_back(state);
  };
  if (value.is_string()) add(value);
  if (value.is_array()) {
    for (const auto& name : value) add(name);
  }
  return states;
}

Json jobs_json(const std::vector<bullmq::Job>& jobs) {
  Json list = Json::array();
  for (const bullmq::Job& job : jobs) list.push_back(encode_job(job));
  return list;
}

// Data that was left out is stored as {}, but the instance that Node gives has none.
Json encode_added(const bullmq::Job& job, bool has_data) {
  Json encoded = encode_job(job);
  if (!has_data) encoded["$job"].erase("data");
  return encoded;
}

awaitable<Json> add(Queue& queue, Arguments args) {
  const bullmq::JobOptions options = job_options(args.at(2));
  bullmq::Job job = co_await queue.add(args.text(0), args.json(1, "{}"), options);
  co_return encode_added(job, args.all().size() > 1);
}

awaitable<Json> add_bulk(Queue& queue, Arguments args) {
  std::vector<bullmq::BulkJob> jobs;
  const Json given = args.at(0);
  for (const auto& item : given) {
    bullmq::BulkJob job;
    job.name = item.value("name", "");
    if (item.contains("data")) job.data = item["data"].dump();
    if (item.contains("opts")) job.options = job_options(item["opts"]);
    jobs.push_back(std::move(job));
  }
  const auto added = co_await queue.add_bulk(std::move(jobs));
  Json list = Json::array();
  for (std::size_t i = 0; i < added.size(); ++i)
    list.push_back(encode_added(added[i], given[i].contains("data")));
  co_return list;
}

awaitable<Json> get_job(Queue& queue, Arguments args) {
  auto job = co_await queue.get_job(args.text(0));
  if (!job) co_return Json();
  co_return encode_job(*job);
}

awaitable<Json> get_jobs(Queue& queue, Arguments args) {
  const auto order = args.get(3, false) ? bullmq::Order::ascending : bullmq::Order::descending;
  const auto jobs = co_await queue.get_jobs(states_of(args.at(0)), args.get<std::int64_t>(1, 0),
                                            args.get<std::int64_t>(2, -1), order);
  co_return jobs_json(jobs);
}

awaitable<Json> jobs_of(Queue& queue, Arguments args, JobState state, bool ascending) {
  const auto order = ascending ? bullmq::Order::ascending : bullmq::Order::descending;
  const auto jobs =
      co_await queue.get_jobs(state, args.get<std::int64_t>(0, 0), args.get<std::int64_t>(1, -1), order);
  co_return jobs_json(jobs);
}

awaitable<Json> count_of(Queue& queue, JobState state) {
  const auto counts = co_await queue.job_counts(state);
  co_return counts.at(state);
}

awaitable<Json> job_counts(Queue& queue, Arguments args) {
  // By the names that were asked for: "wait" and "waiting" are both names of one state.
  Json names = args.all();
  if (names.empty()) {
    names = {"active", "completed", "delayed", "failed", "prioritized", "waiting", "waiting-children"};
  }
  const auto counts = co_await queue.job_counts(states_of(names));
  Json out = Json::object();
  for (const auto& name : names)
    out[name.get<std::string>()] = counts.at(bullmq::job_state_from(name.get<std::string>()));
  co_return out;
}

awaitable<Json> count_by_types(Queue& queue, Arguments args) {
  const auto counts = co_await queue.job_counts(states_of(args.all()));
  std::int64_t sum = 0;
  for (const auto& [state, count] : counts) sum += count;
  co_return sum;
}

awaitable<Json> delayed_count(Queue& queue, Arguments args) {
  if (args.at(0).is_null()) {
    Json count = co_await count_of(queue, JobState::delayed);
    co_return count;
  }
  if (!args.at(0).is_number_integer())
    throw bullmq::ValidationError("timestamp must be a safe integer in milliseconds");
  const auto count = co_await queue.delayed_count(args.at(0).get<std::int64_t>());
  co_return count;
}

awaitable<Json> counts_per_priority(Queue& queue, Arguments args) {
  auto priorities = args.at(0).get<std::vector<std::int64_t>>();
  const auto counts = co_await queue.counts_per_priority(std::move(priorities));
  Json out = Json::object();
  for (const auto& [priority, count] : counts) out[std::to_string(priority)] = count;
  co_return out;
}

Json logs_json(const bullmq::JobLogs& logs) {
  return {{"logs", logs.lines}, {"count", logs.count}};
}

awaitable<Json> job_logs(Queue& queue, Arguments args) {
  const auto order = args.get(3, true) ? bullmq::Order::ascending : bullmq::Order::descending;
  const auto logs = co_await queue.job_logs(args.text(0), args.get<std::int64_t>(1, 0),
                                            args.get<std::int64_t>(2, -1), order);
  co_return logs_json(logs);
}

awaitable<Json> meta(Queue& queue, Arguments) {
  const auto meta = co_await queue.meta();
  Json out = Json::object();
  for (const auto& [name, value] : meta.others) out[name] = value;
  if (!meta.version.empty()) out["version"] = meta.version;
  if (meta.concurrency) out["concurrency"] = *meta.concurrency;
  if (meta.max_len_events) out["maxLenEvents"] = *meta.max_len_events;
  if (meta.max) out["max"] = *meta.max;
  if (meta.duration) out["duration"] = *meta.duration;
  out["paused"] = meta.paused;
  co_return out;
}

awaitable<Json> metrics(Queue& queue, Arguments args) {
  const auto metrics = co_await queue.metrics(
      args.text(0) == "failed" ? bullmq::FinishedState::failed : bullmq::FinishedState::completed,
      args.get<std::int64_t>(1, 0), args.get<std::int64_t>(2, -1));
  Json out = Json::object();
  out["meta"] = {{"count", metrics.count},
                 {"prevTS", metrics.previous_timestamp},
                 {"prevCount", metrics.previous_count}};
  out["data"] = metrics.data;
  out["count"] = metrics.points;
  co_return out;
}

awaitable<Json> prometheus(Queue& queue, Arguments args) {
  std::vector<std::pair<std::string, std::string>> labels;
  const Json given = args.at(0).is_object() ? args.at(0) : Json::object();
  for (const auto& [name, value] : given.items()) {
    labels.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  const std::string text = co_await queue.export_prometheus_metrics(std::move(labels));
  co_return text;
}

Json clients_json(const std::vector<bullmq::ClientInfo>& clients) {
  Json list = Json::array();
  for (const auto& client : clients) list.push_back(Json(client));
  return list;
}

awaitable<Json> workers(Queue& queue, Arguments) {
  const auto workers = co_await queue.workers();
  co_return clients_json(workers);
}

awaitable<Json> event_readers(Queue& queue, Arguments) {
  const auto readers = co_await queue.event_readers();
  co_return clients_json(readers);
}

awaitable<Json> version(Queue& queue, Arguments) {
  const std::string version = co_await queue.version();
  if (version.empty()) co_return Json();
  co_return version;
}

awaitable<Json> clean(Queue& queue, Arguments args) {
  bullmq::CleanOptions options;
  options.grace = bullmq::Milliseconds(args.get<std::int64_t>(0, 0));
  options.limit = args.get<std::int64_t>(1, 0);
  options.state = args.at(2).is_null() ? JobState::completed : bullmq::job_state_from(args.text(2));
  const auto ids = co_await queue.clean(options);
  co_return ids;
}

awaitable<Json> obliterate(Queue& queue, Arguments args) {
  const Json given = call_options(args.at(0), {"force", "count"});
  bullmq::ObliterateOptions options;
  options.force = given.value("force", false);
  options.count = given.value("count", options.count);
  co_await queue.obliterate(options);
  co_return Json();
}

awaitable<Json> retry_jobs(Queue& queue, Arguments args) {
  bullmq::RetryJobsOptions options;
  const Json given = call_options(args.at(0), {"state", "count", "timestamp"});
  if (given.contains("state")) options.state = bullmq::job_state_from(given["state"].get<std::string>());
  options.count = given.value("count", options.count);
  if (given.contains("timestamp")) options.before = given["timestamp"].get<std::int64_t>();
  co_await queue.retry_jobs(options);
  co_return Json();
}

awaitable<Json> remove(Queue& queue, Arguments args) {
  const Json options = call_options(args.at(1), {"removeChildren"});
  const auto children =
      options.value("removeChildren", true) ? bullmq::Children::remove : bullmq::Children::keep;
  const bool removed = co_await queue.remove(args.text(0), children);
  co_return removed ? 1 : 0;
}

awaitable<Json> add_job_log(Queue& queue, Arguments args) {
  std::optional<std::int64_t> keep;
  if (args.at(2).is_number()) keep = args.at(2).get<std::int64_t>();
  const auto lines = co_await queue.add_job_log(args.text(0), args.text(1), keep);
  co_return lines;
}

awaitable<Json> deduplication_job_id(Queue& queue, Arguments args) {
  const auto id = co_await queue.deduplication_job_id(args.text(0));
  if (!id) co_return Json();
  co_return *id;
}

// Calls of which the result is a plain value, or nothing.
#define SHUNT_VALUE(NAME, CALL)                                \
  {NAME, [](Queue& queue, Arguments args) -> awaitable<Json> { \
     static_cast<void>(args);                                  \
     auto value = co_await queue.CALL;                         \
     co_return value;                                          \
   }}
#define SHUNT_VOID(NAME, CALL)                                 \
  {NAME, [](Queue& queue, Arguments args) -> awaitable<Json> { \
     static_cast<void>(args);                                  \
     co_await queue.CALL;                                      \
     co_return Json();                                         \
   }}
#define SHUNT_JOBS(NAME, STATE, ASCENDING)                     \
  {NAME, [](Queue& queue, Arguments args) -> awaitable<Json> { \
     return jobs_of(queue, args, JobState::STATE, ASCENDING);  \
   }}
#define SHUNT_COUNT(NAME, STATE) \
  {NAME, [](Queue& queue, Arguments) -> awaitable<Json> { return count_of(queue, JobState::STATE); }}

awaitable<Json> global_concurrency(Queue& queue, Arguments) {
  const auto concurrency = co_await queue.global_concurrency();
  if (!concurrency) co_return Json();
  co_return *concurrency;
}

awaitable<Json> global_rate_limit(Queue& queue, Arguments) {
  const auto limit = co_await queue.global_rate_limit();
  if (!limit) co_return Json();
  Json out = Json::object();
  out["max"] = limit->max;
  out["duration"] = limit->duration.count();
  co_return out;
}

awaitable<Json> promote_jobs(Queue& queue, Arguments args) {
  const Json options = call_options(args.at(0), {"count"});
  co_await queue.promote_jobs(options.value("count", std::int64_t{1'000}));
  co_return Json();
}

awaitable<Json> remove_deprecated_priority_key(Queue& queue, Arguments) {
  const bool removed = co_await queue.remove_deprecated_priority_key();
  co_return removed ? 1 : 0;
}

awaitable<Json> job_state(Queue& queue, Arguments args) {
  const JobState state = co_await queue.job_state(args.text(0));
  co_return std::string(bullmq::name_of(state));
}

awaitable<Json> rate_limit_ttl(Queue& queue, Arguments args) {
  std::optional<std::int64_t> max_jobs;
  if (args.at(0).is_number()) max_jobs = args.at(0).get<std::int64_t>();
  const auto ttl = co_await queue.rate_limit_ttl(max_jobs);
  co_return ttl;
}

awaitable<Json> remove_deduplication_key(Queue& queue, Arguments args) {
  const bool removed = co_await queue.remove_deduplication_key(args.text(0));
  co_return removed ? 1 : 0;
}

awaitable<Json> remove_rate_limit_key(Queue& queue, Arguments) {
  const bool removed = co_await queue.remove_rate_limit_key();
  co_return removed ? 1 : 0;
}

}  // namespace

const QueueCalls& queue_calls() {
  static const QueueCalls calls{
      {"add", add},
      {"addBulk", add_bulk},
      {"getJob", get_job},
      {"getJobs", get_jobs},
      SHUNT_JOBS("getWaiting", waiting, true),
      SHUNT_JOBS("getActive", active, true),
      SHUNT_JOBS("getDelayed", delayed, true),
      SHUNT_JOBS("getPrioritized", prioritized, true),
      SHUNT_JOBS("getWaitingChildren", waiting_children, true),
      SHUNT_JOBS("getCompleted", completed, false),
      SHUNT_JOBS("getFailed", failed, false),
      {"getJobCounts", job_counts},
      {"getJobCountByTypes", count_by_types},
      SHUNT_VALUE("count", count()),
      SHUNT_COUNT("getWaitingCount", waiting),
      SHUNT_COUNT("getActiveCount", active),
      SHUNT_COUNT("getPrioritizedCount", prioritized),
      SHUNT_COUNT("getWaitingChildrenCount", waiting_children),
      SHUNT_COUNT("getCompletedCount", completed),
      SHUNT_COUNT("getFailedCount", failed),
      {"getDelayedCount", delayed_count},
      {"getCountsPerPriority", counts_per_priority},
      {"getJobState", job_state},
      {"getJobLogs", job_logs},
      {"getMeta", meta},
      {"getVersion", version},
      {"getMetrics", metrics},
      {"exportPrometheusMetrics", prometheus},
      {"getWorkers", workers},
      {"getQueueEvents", event_readers},
      SHUNT_VALUE("getWorkersCount", workers_count()),
      SHUNT_VALUE("isPaused", is_paused()),
      SHUNT_VALUE("isMaxed", is_maxed()),
      {"getRateLimitTtl", rate_limit_ttl},
      {"getDeduplicationJobId", deduplication_job_id},
      {"getGlobalConcurrency", global_concurrency},
      {"getGlobalRateLimit", global_rate_limit},
      SHUNT_VOID("pause", pause()),
      SHUNT_VOID("resume", resume()),
      SHUNT_VOID("waitUntilReady", wait_until_ready()),
      SHUNT_VOID("close", close()),
      {"remove", remove},
      SHUNT_VOID("drain",
                 drain(args.get(0, false) ? bullmq::DelayedJobs::remove : bullmq::DelayedJobs::keep)),
      {"clean", clean},
      {"obliterate", obliterate},
      {"retryJobs", retry_jobs},
      {"promoteJobs", promote_jobs},
      SHUNT_VOID("updateJobProgress", update_job_progress(args.text(0), args.json(1, "null"))),
      {"addJobLog", add_job_log},
      SHUNT_VALUE("trimEvents", trim_events(args.get<std::int64_t>(0, 0))),
      SHUNT_VOID("rateLimit", rate_limit(bullmq::Milliseconds(args.get<std::int64_t>(0, 0)))),
      {"removeRateLimitKey", remove_rate_limit_key},
      {"removeDeduplicationKey", remove_deduplication_key},
      {"removeDeprecatedPriorityKey", remove_deprecated_priority_key},
      SHUNT_VALUE("setGlobalConcurrency", set_global_concurrency(args.get<std::int64_t>(0, 0))),
      SHUNT_VALUE("removeGlobalConcurrency", remove_global_concurrency()),
      SHUNT_VALUE("setGlobalRateLimit",
                  set_global_rate_limit(args.get<std::int64_t>(0, 0),
                                        bullmq::Milliseconds(args.get<std::int64_t>(1, 0)))),
      SHUNT_VALUE("removeGlobalRateLimit", remove_global_rate_limit()),
      SHUNT_VALUE("removeOrphanedJobs",
                  remove_orphaned_jobs(args.get<std::int64_t>(0, 1'000), args.get<std::int64_t>(1, 0))),
  };
  return calls;
}

}  // namespace remote

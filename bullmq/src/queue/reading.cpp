#include <set>
#include <utility>

#include "backend/client_list.hpp"
#include "bullmq/error.hpp"
#include "bullmq_scripts.hpp"
#include "queue/queue_state.hpp"
#include "redis/expected_reply.hpp"

namespace bullmq {

using detail::expect_integer;
using detail::make_query;
using detail::QueueBackend;
using detail::Reply;
using detail::ScriptCall;
namespace scripts = detail::scripts;

const JobStates& detail::all_states() {
  static const JobStates kStates{JobState::active,          JobState::completed,   JobState::delayed,
                                 JobState::failed,          JobState::prioritized, JobState::waiting,
                                 JobState::waiting_children};
  return kStates;
}

namespace {

awaitable<std::optional<Job>> load(std::shared_ptr<QueueBackend> backend, std::string id) {
  Reply reply = co_await backend->run(make_query("HGETALL", backend->keys().job(id)));
  std::vector<Reply> fields = detail::expect_fields(std::move(reply), "HGETALL");
  if (fields.empty()) co_return std::nullopt;
  co_return backend->make_job(detail::decode_job(std::move(id), std::move(fields)));
}

}  // namespace

awaitable<std::optional<Job>> Queue::get_job(std::string job_id) {
  if (job_id.empty()) co_return std::nullopt;
  auto job = co_await load(state_->backend, std::move(job_id));
  co_return job;
}

awaitable<std::vector<Job>> Queue::get_jobs(JobStates states, std::int64_t start, std::int64_t end,
                                            Order order) {
  const auto backend = state_->backend;
  if (states.empty()) states = detail::all_states();
  // Ranges that were partly cleaned are filled up from behind at most this often, as upstream does.
  constexpr int kBackfill = 5;
  ScriptCall call(scripts::getJobs, 4 + states.size());
  call.add(backend->keys().base).add_all(start, end, order == Order::ascending ? 1 : 0, kBackfill);
  for (const JobState state : states) call.add(detail::key_name_of(state));
  call.idempotent();
  Reply reply = co_await backend->run(call.take());
  std::vector<Job> jobs;
  std::set<std::string> seen;
  constexpr std::string_view kCommand = "getJobs";
  for (Reply& of_state : detail::expect_array(std::move(reply), kCommand)) {
    for (Reply& entry : detail::expect_array(std::move(of_state), kCommand)) {
      std::vector<Reply> parts = detail::expect_array(std::move(entry), kCommand);
      // Of a job that is gone.
      if (parts.size() < 2) continue;
      std::string id = detail::expect_id(std::move(parts[0]), kCommand);
      if (!seen.insert(id).second) continue;
      std::vector<Reply> fields = detail::expect_fields(std::move(parts[1]), kCommand);
      jobs.push_back(backend->make_job(detail::decode_job(std::move(id), std::move(fields))));
    }
  }
  co_return jobs;
}

awaitable<std::map<JobState, std::int64_t>> Queue::job_counts(JobStates states) {
  const auto backend = state_->backend;
  if (states.empty()) states = detail::all_states();
  ScriptCall call(scripts::getCounts, states.size());
  call.add(backend->keys().base);
  for (const JobState state : states) call.add(detail::key_name_of(state));
  call.idempotent();
  Reply reply = co_await backend->run(call.take());
  const auto numbers = detail::expect_numbers(std::move(reply), "getCounts", states.size());
  std::map<JobState, std::int64_t> counts;
  std::size_t at = 0;
  for (const JobState state : states) counts[state] = numbers[at++];
  co_return counts;
}

awaitable<std::int64_t> Queue::count() {
  const JobStates states{JobState::waiting, JobState::delayed, JobState::prioritized,
                         JobState::waiting_children};
  const auto counts = co_await job_counts(states);
  std::int64_t sum = 0;
  for (const auto& [state, count_of_state] : counts) sum += count_of_state;
  co_return sum;
}

awaitable<std::int64_t> Queue::delayed_count(Timestamp due_by) {
  const auto backend = state_->backend;
  Reply reply = co_await backend->run(ScriptCall(scripts::getCounts, 2)
                                          .add(backend->keys().base)
                                          .add_all(due_by, "delayed")
                                          .idempotent()
                                          .take());
  const auto numbers = detail::expect_numbers(std::move(reply), "getCounts", 1);
  co_return numbers.front();
}

awaitable<std::map<std::int64_t, std::int64_t>> Queue::counts_per_priority(
    std::vector<std::int64_t> priorities) {
  const auto backend = state_->backend;
  ScriptCall call(scripts::getCountsPerPriority, priorities.size());
  call.add_all(backend->keys().wait, backend->keys().prioritized);
  for (const auto priority : priorities) call.add(priority);
  call.idempotent();
  Reply reply = co_await backend->run(call.take());
  const auto numbers = detail::expect_numbers(std::move(reply), "getCountsPerPriority", priorities.size());
  std::map<std::int64_t, std::int64_t> counts;
  for (std::size_t i = 0; i < priorities.size(); ++i) counts[priorities[i]] = numbers[i];
  co_return counts;
}

Job Queue::job_handle(std::string job_id) {
  return state_->handle(std::move(job_id));
}

awaitable<JobState> Queue::job_state(std::string job_id) {
  Job job = state_->handle(std::move(job_id));
  const JobState state = co_await job.state();
  co_return state;
}

awaitable<JobLogs> Queue::job_logs(std::string job_id, std::int64_t start, std::int64_t end, Order order) {
  Job job = state_->handle(std::move(job_id));
  auto logs = co_await job.logs(start, end, order);
  co_return logs;
}

awaitable<QueueMeta> Queue::meta() {
  const auto backend = state_->backend;
  Reply reply = co_await backend->run(make_query("HGETALL", backend->keys().meta));
  const std::vector<Reply> fields = detail::expect_fields(std::move(reply), "HGETALL");
  QueueMeta meta;
  for (std::size_t i = 0; i < fields.size(); i += 2) {
    const std::string& field = fields[i].text;
    const Reply& value = fields[i + 1];
    if (field == "concurrency") {
      meta.concurrency = detail::bounded_number(value);
    } else if (field == "max") {
      meta.max = detail::bounded_number(value);
    } else if (field == "duration") {
      meta.duration = detail::bounded_number(value);
    } else if (field == "opts.maxLenEvents") {
      meta.max_len_events = detail::bounded_number(value);
    } else if (field == "paused") {
      meta.paused = value.text == "1";
    } else if (field == "version") {
      meta.version = value.text;
    } else {
      meta.others[field] = value.text;
    }
  }
  co_return meta;
}

awaitable<std::string> Queue::version() {
  const auto backend = state_->backend;
  Reply reply = co_await backend->run(make_query("HGET", backend->keys().meta, "version"));
  if (reply.is_nil()) co_return std::string();
  co_return detail::expect_text(std::move(reply), "HGET");
}

namespace {

awaitable<std::vector<ClientInfo>> clients_of(std::shared_ptr<QueueBackend> backend,
                                              detail::ClientRole role) {
  std::vector<ClientInfo> clients;
  try {
    Reply reply = co_await backend->run(make_query("CLIENT", "LIST"));
    const std::string list = detail::expect_text(std::move(reply), "CLIENT LIST");
    clients = detail::clients_in(list, backend->prefix(), backend->queue_name(), role);
  } catch (const RedisError& error) {
    // Some clouds do not let their users see it; upstream answers with one entry that says so.
    if (std::string_view(error.what()).find("unknown command") == std::string_view::npos) throw;
    clients.push_back({{"name", "GCP does not support client list"}});
  }
  co_return clients;
}

}  // namespace

awaitable<std::vector<ClientInfo>> Queue::workers() {
  return clients_of(state_->backend, detail::ClientRole::worker);
}

awaitable<std::vector<ClientInfo>> Queue::event_readers() {
  return clients_of(state_->backend, detail::ClientRole::event_reader);
}

awaitable<std::int64_t> Queue::workers_count() {
  const auto all = co_await workers();
  co_return static_cast<std::int64_t>(all.size());
}

awaitable<bool> Queue::is_paused() {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(make_query("HEXISTS", backend->keys().meta, "paused"));
  co_return expect_integer(reply, "HEXISTS") == 1;
}

awaitable<bool> Queue::is_maxed() {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(ScriptCall(scripts::isMaxed, 0)
                                                .add_all(backend->keys().meta, backend->keys().active)
                                                .idempotent()
                                                .take());
  // Lua's false is nil.
  co_return !reply.is_nil() && expect_integer(reply, "isMaxed") == 1;
}

awaitable<std::int64_t> Queue::rate_limit_ttl(std::optional<std::int64_t> max_jobs) {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(ScriptCall(scripts::getRateLimitTtl, 1)
                                                .add_all(backend->keys().limiter, backend->keys().meta)
                                                .add(max_jobs.value_or(0))
                                                .idempotent()
                                                .take());
  co_return expect_integer(reply, "getRateLimitTtl");
}

awaitable<std::optional<std::int64_t>> Queue::global_concurrency() {
  const auto backend = state_->backend;
  const Reply reply = co_await backend->run(make_query("HGET", backend->keys().meta, "concurrency"));
  if (reply.is_nil()) co_return std::nullopt;
  if (!reply.is_text()) detail::unexpected_reply("HGET", "a text or nil", reply);
  co_return detail::bounded_number(reply);
}

awaitable<std::optional<GlobalRateLimit>> Queue::global_rate_limit() {
  const auto backend = state_->backend;
  Reply reply = co_await backend->run(make_query("HMGET", backend->keys().meta, "max", "duration"));
  const std::vector<Reply> values = detail::expect_array(std::move(reply), "HMGET", 2, 2);
  if (values[0].is_nil() || values[1].is_nil()) co_return std::nullopt;
  GlobalRateLimit limit;
  limit.max = detail::bounded_number(values[0]);
  limit.duration = Milliseconds(detail::bounded_number(values[1]));
  co_return limit;
}

awaitable<std::optional<std::string>> Queue::deduplication_job_id(std::string deduplication_id) {
  const auto backend = state_->backend;
  Reply reply = co_await backend->run(make_query("GET", backend->keys().deduplication(deduplication_id)));
  if (reply.is_nil()) co_return std::nullopt;
  co_return detail::expect_text(std::move(reply), "GET");
}

}  // namespace bullmq

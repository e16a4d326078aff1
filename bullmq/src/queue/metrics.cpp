#include <utility>

#include "bullmq_scripts.hpp"
#include "queue/queue_state.hpp"
#include "redis/expected_reply.hpp"

namespace bullmq {

using detail::Reply;
using detail::ScriptCall;
namespace scripts = detail::scripts;

namespace {

std::string escape_label(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

awaitable<QueueMetrics> Queue::metrics(FinishedState state, std::int64_t start, std::int64_t end) {
  const auto backend = state_->backend;
  const auto& keys = backend->keys();
  const std::string& key = state == FinishedState::completed ? keys.metrics_completed : keys.metrics_failed;
  Reply reply = co_await backend->run(
      ScriptCall(scripts::getMetrics, 2).add_all(key, key + ":data").add_all(start, end).idempotent().take());
  QueueMetrics metrics;
  std::vector<Reply> parts = detail::expect_array(std::move(reply), "getMetrics", 3);
  const auto totals = detail::expect_numbers(std::move(parts[0]), "getMetrics", 3);
  metrics.count = totals[0];
  metrics.previous_timestamp = totals[1];
  metrics.previous_count = totals[2];
  metrics.data = detail::expect_numbers(std::move(parts[1]), "getMetrics");
  metrics.points = detail::expect_integer(parts[2], "getMetrics");
  co_return metrics;
}

awaitable<std::string> Queue::export_prometheus_metrics(
    std::vector<std::pair<std::string, std::string>> global_labels) {
  const auto counts = co_await job_counts();
  const QueueMetrics completed = co_await metrics(FinishedState::completed);
  const QueueMetrics failed = co_await metrics(FinishedState::failed);
  std::string labels;
  for (const auto& [label, value] : global_labels)
    labels += ", " + label + "=\"" + escape_label(value) + "\"";
  const std::string queue = "queue=\"" + escape_label(name()) + "\"";
  std::string text =
      "# HELP bullmq_job_count Number of jobs in the queue by state\n# TYPE bullmq_job_count gauge\n";
  for (const JobState state : detail::all_states()) {
    text += "bullmq_job_count{" + queue + ", state=\"" + std::string(name_of(state)) + "\"" + labels + "} " +
            std::to_string(counts.at(state)) + "\n";
  }
  text += "# HELP bullmq_job_completed_total Total number of completed jobs\n";
  text += "# TYPE bullmq_job_completed_total counter\n";
  text += "bullmq_job_completed_total{" + queue + labels + "} " + std::to_string(completed.count) + "\n";
  text +=
      "# HELP bullmq_job_failed_total Total number of failed jobs\n# TYPE bullmq_job_failed_total counter\n";
  text += "bullmq_job_failed_total{" + queue + labels + "} " + std::to_string(failed.count);
  co_return text;
}

}  // namespace bullmq

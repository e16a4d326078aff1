#include <utility>

#include "backend/queue_backend.hpp"
#include "bullmq/error.hpp"
#include "bullmq/job.hpp"
#include "bullmq_scripts.hpp"
#include "redis/expected_reply.hpp"

// What a job knows of its children, and of its parent.
namespace bullmq {

using detail::make_query;
using detail::QueueBackend;
using detail::Reply;
using detail::ScriptCall;
namespace scripts = detail::scripts;

namespace {

std::map<std::string, std::string> to_map(Reply flat) {
  std::map<std::string, std::string> map;
  for (auto& [name, value] : detail::expect_pairs(std::move(flat), "HGETALL"))
    map.insert_or_assign(std::move(name), std::move(value));
  return map;
}

}  // namespace

awaitable<std::map<std::string, std::string>> Job::children_values() {
  const auto job = state_;
  Reply reply =
      co_await job->queue->run(make_query("HGETALL", job->queue->keys().job(job->record.id, "processed")));
  co_return to_map(std::move(reply));
}

awaitable<std::map<std::string, std::string>> Job::ignored_children_failures() {
  const auto job = state_;
  Reply reply =
      co_await job->queue->run(make_query("HGETALL", job->queue->keys().job(job->record.id, "failed")));
  co_return to_map(std::move(reply));
}

awaitable<JobDependencies> Job::dependencies() {
  const auto job = state_;
  const auto& keys = job->queue->keys();
  const std::string& id = job->record.id;
  detail::Transaction transaction;
  transaction.add(make_query("HGETALL", keys.job(id, "processed")));
  transaction.add(make_query("SMEMBERS", keys.job(id, "dependencies")));
  transaction.add(make_query("HGETALL", keys.job(id, "failed")));
  transaction.add(make_query("ZRANGE", keys.job(id, "unsuccessful"), 0, -1));
  Reply reply = co_await job->queue->run(transaction.take());
  std::vector<Reply> results = detail::expect_array(std::move(reply), "EXEC", 4, 4);
  JobDependencies children;
  children.processed = to_map(std::move(results[0]));
  children.unprocessed = detail::expect_texts(std::move(results[1]), "SMEMBERS");
  children.ignored = to_map(std::move(results[2]));
  children.failed = detail::expect_texts(std::move(results[3]), "ZRANGE");
  co_return children;
}

awaitable<JobDependenciesCount> Job::dependencies_count() {
  const auto job = state_;
  const auto& keys = job->queue->keys();
  const std::string& id = job->record.id;
  Reply reply = co_await job->queue->run(ScriptCall(scripts::getDependencyCounts, 4)
                                             .add_all(keys.job(id, "processed"), keys.job(id, "dependencies"),
                                                      keys.job(id, "failed"), keys.job(id, "unsuccessful"))
                                             .add_all("processed", "unprocessed", "ignored", "failed")
                                             .idempotent()
                                             .take());
  JobDependenciesCount count;
  const auto numbers = detail::expect_numbers(std::move(reply), "getDependencyCounts", 4);
  count.processed = numbers[0];
  count.unprocessed = numbers[1];
  count.ignored = numbers[2];
  count.failed = numbers[3];
  co_return count;
}

awaitable<bool> Job::remove_child_dependency() {
  const auto job = state_;
  const auto& keys = job->queue->keys();
  // A job without a parent is told as one whose parent is missing, as upstream does.
  const std::string parent_key = job->record.parent_key.value_or("");
  const Reply reply = co_await job->queue->run(ScriptCall(scripts::removeChildDependency, 2)
                                                   .add(keys.base)
                                                   .add_all(keys.job(job->record.id), parent_key)
                                                   .take());
  QueueBackend::check(reply, job->record.id, "removeChildDependency", {}, parent_key);
  if (detail::expect_integer(reply, "removeChildDependency") != 0) co_return false;
  job->record.parent.reset();
  job->record.parent_key.reset();
  co_return true;
}

awaitable<void> Job::remove_unprocessed_children() {
  const auto job = state_;
  const auto& keys = job->queue->keys();
  co_await job->queue->run(ScriptCall(scripts::removeUnprocessedChildren, 2)
                               .add_all(keys.job(job->record.id), keys.meta)
                               .add_all(keys.base, job->record.id)
                               .take());
}

awaitable<bool> Job::move_to_waiting_children(std::string token, std::string child_key) {
  const auto job = state_;
  const bool moved =
      co_await job->queue->move_to_waiting_children(job->record.id, std::move(token), std::move(child_key));
  co_return moved;
}

}  // namespace bullmq

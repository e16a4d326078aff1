// GenerationRecords: how models and workers stand, and what takes a single command instead of a script.
#include <iterator>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/records/generation_records.hpp"
#include "queue/records/generation_scripts.hpp"

namespace shunt::executor {
namespace {

constexpr const char* kProbeTtlMs = "60000";
// Bounds one look at the fleet: what a script may cost the server that everybody shares.
constexpr const char* kMostActive = "2000";
constexpr const char* kMostWorkers = "1000";

void append_models(std::vector<std::string>& arguments, const GenerationKeys& keys,
                   const std::vector<std::string>& models) {
  for (const std::string& model : models) {
    arguments.push_back(model);
    arguments.push_back(keys.queue(model));
  }
}

}  // namespace

awaitable<Result<std::vector<ModelDescription>>> GenerationRecords::probe_health(
    std::vector<std::string> models) {
  const WallTime now = options_.clock->now();
  std::vector<std::string> arguments{options_.process, kProbeTtlMs,
                                     std::to_string(now.time_since_epoch().count())};
  append_models(arguments, keys_, models);
  const bullmq::RedisReply reply = co_await run(scripts::health_probe(), std::move(arguments), Repeat::kNo);
  co_return decode_health_probe(reply, models, now);
}

awaitable<Result<Fleet>> GenerationRecords::fleet(std::vector<std::string> models) {
  const WallTime now = options_.clock->now();
  std::vector<std::string> arguments{std::to_string(now.time_since_epoch().count()), kMostActive,
                                     kMostWorkers};
  append_models(arguments, keys_, models);
  const bullmq::RedisReply reply = co_await run(scripts::fleet(), std::move(arguments), Repeat::kHarmless);
  co_return decode_fleet(reply, models, now);
}

awaitable<bool> GenerationRecords::job_exists(std::string model, std::string id) {
  std::vector<std::string> command{"EXISTS", keys_.queue(model) + ':' + id};
  const bullmq::RedisReply reply = co_await execute(std::move(command), Repeat::kHarmless);
  co_return reply.to_int() == 1;
}

awaitable<bool> GenerationRecords::was_given_up(std::string id) {
  std::vector<std::string> command{"HEXISTS", keys_.record(id), "void"};
  const bullmq::RedisReply reply = co_await execute(std::move(command), Repeat::kHarmless);
  co_return reply.to_int() == 1;
}

awaitable<GenerationRecords::LastAttempt> GenerationRecords::last_attempt(std::string id) {
  std::vector<std::string> command{"HMGET", keys_.record(id), "worker", "attempt"};
  const bullmq::RedisReply reply = co_await execute(std::move(command), Repeat::kNo);
  LastAttempt last;
  if (reply.elements.size() != 2) co_return last;
  last.worker = reply.elements[0].text;
  last.attempt = whole_number(reply.elements[1]).value_or(0);
  co_return last;
}

awaitable<std::vector<std::string>> GenerationRecords::open_before(std::string model, WallTime until,
                                                                   std::size_t skip, std::size_t count) {
  std::vector<std::string> command{"ZRANGEBYSCORE",
                                   keys_.open(model),
                                   "-inf",
                                   std::to_string(until.time_since_epoch().count()),
                                   "LIMIT",
                                   std::to_string(skip),
                                   std::to_string(count)};
  const bullmq::RedisReply reply = co_await execute(std::move(command), Repeat::kNo);
  co_return texts_of(reply);
}

awaitable<void> GenerationRecords::drop_open(std::string model, std::vector<std::string> ids) {
  std::vector<std::string> command{"ZREM", keys_.open(model)};
  command.insert(command.end(), std::make_move_iterator(ids.begin()), std::make_move_iterator(ids.end()));
  (void)co_await execute(std::move(command), Repeat::kNo);
}

awaitable<void> GenerationRecords::finish_release(std::string sha256) {
  std::vector<std::string> command{"DEL", keys_.being_removed(sha256)};
  (void)co_await execute(std::move(command), Repeat::kNo);
}

}  // namespace shunt::executor

#include "queue/records/fleet_answer.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "queue/records/script_answers.hpp"
#include "queue/records/worker_lease.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

using bullmq::RedisReply;

// Another machine's clock may be ahead.
std::chrono::milliseconds age_of(WallTime then, WallTime now) {
  return std::max(now - then, std::chrono::milliseconds(0));
}

std::optional<ModelDescription> decode_model(const RedisReply& reply, std::string name, WallTime now) {
  const auto& found = reply.elements;
  if (found.size() != 6 || !found[5].is_text()) return std::nullopt;
  for (std::size_t i = 0; i < 5; ++i) {
    if (!found[i].is_integer() || found[i].integer < 0) return std::nullopt;
  }
  ModelDescription model;
  model.name = std::move(name);
  model.open = static_cast<std::size_t>(found[0].integer);
  model.running = std::min(static_cast<std::size_t>(found[2].integer), model.open);
  model.waiting = model.open - model.running;
  model.workers = static_cast<std::size_t>(found[3].integer);
  model.slots = static_cast<std::size_t>(found[4].integer);
  if (model.open > 0)
    model.oldest_open_age = age_of(WallTime(std::chrono::milliseconds(found[1].integer)), now);
  if (const auto next = GenerationId::parse(found[5].text))
    model.oldest_waiting_age = age_of(next->created_at(), now);
  return model;
}

std::optional<ModelDescription> decode_probed_model(const RedisReply& reply, std::string name, WallTime now) {
  const auto& found = reply.elements;
  if (found.size() != 6 || !found[5].is_text()) return std::nullopt;
  const auto number = [&found](std::size_t at) {
    return static_cast<std::size_t>(whole_number(found[at]).value_or(0));
  };
  ModelDescription model;
  model.name = std::move(name);
  model.open = number(0);
  if (model.open > 0) model.oldest_open_age = age_of(WallTime(std::chrono::milliseconds(number(1))), now);
  model.workers = number(2);
  model.slots = number(3);
  model.waiting = number(4);
  if (const auto next = GenerationId::parse(found[5].text))
    model.oldest_waiting_age = age_of(next->created_at(), now);
  return model;
}

std::optional<WorkerStatus> decode_worker(const RedisReply& reply) {
  const auto& found = reply.elements;
  if (found.size() != 3 || !found[0].is_text() || !found[1].is_text() || !found[2].is_integer())
    return std::nullopt;
  WorkerStatus worker = decode_lease(found[1].text);
  // What it has told itself may be seconds old.
  if (found[2].integer >= 0) worker.running = static_cast<std::size_t>(found[2].integer);
  return worker;
}

}  // namespace

Result<Fleet> decode_fleet(const RedisReply& reply, const std::vector<std::string>& models, WallTime now) {
  if (reply.elements.size() != 2 || reply.elements[0].elements.size() != models.size())
    return unexpected_answer("fleet", reply);
  Fleet fleet;
  fleet.as_of = now;
  for (std::size_t i = 0; i < models.size(); ++i) {
    auto model = decode_model(reply.elements[0].elements[i], models[i], now);
    if (!model) return unexpected_answer("fleet", reply);
    fleet.models.push_back(std::move(*model));
  }
  for (const RedisReply& entry : reply.elements[1].elements) {
    auto worker = decode_worker(entry);
    if (!worker) return unexpected_answer("fleet", reply);
    fleet.workers.push_back(std::move(*worker));
  }
  std::ranges::sort(fleet.workers, {}, [](const WorkerStatus& worker) { return worker.name; });
  return fleet;
}

Result<std::vector<ModelDescription>> decode_health_probe(const RedisReply& reply,
                                                          const std::vector<std::string>& models,
                                                          WallTime now) {
  if (reply.elements.size() != models.size()) return unexpected_answer("health_probe", reply);
  std::vector<ModelDescription> seen;
  for (std::size_t i = 0; i < models.size(); ++i) {
    auto model = decode_probed_model(reply.elements[i], models[i], now);
    if (!model) return unexpected_answer("health_probe", reply);
    seen.push_back(std::move(*model));
  }
  return seen;
}

}  // namespace shunt::executor

#include "merged_views.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace shunt::flip {

using executor::ExecutorDescription;
using executor::Fleet;
using executor::ModelDescription;
using executor::RecordPage;

RecordPage merge(RecordPage a, RecordPage b, std::size_t limit) {
  // Up to here both have told all that there is.
  std::optional<GenerationId> told = std::max(a.next, b.next);
  RecordPage page;
  page.records.reserve(a.records.size() + b.records.size());
  // Both come newest first. Of two records of one generation that of `a` comes first, and stays.
  std::merge(std::make_move_iterator(a.records.begin()), std::make_move_iterator(a.records.end()),
             std::make_move_iterator(b.records.begin()), std::make_move_iterator(b.records.end()),
             std::back_inserter(page.records),
             [](const GenerationRecord& x, const GenerationRecord& y) { return x.id > y.id; });
  const auto doubles = std::ranges::unique(page.records, {}, &GenerationRecord::id);
  page.records.erase(doubles.begin(), doubles.end());
  if (told) std::erase_if(page.records, [&](const GenerationRecord& record) { return record.id < *told; });
  if (page.records.size() > limit) {
    page.records.resize(limit);
    told = page.records.empty() ? told : page.records.back().id;
  }
  page.next = told;
  return page;
}

Traffic traffic_of(FlipState state) noexcept {
  if (state == FlipState::kCanary) return Traffic::kSplit;
  return state == FlipState::kFull || state == FlipState::kForcedQueue ? Traffic::kQueue : Traffic::kSync;
}

namespace {

void add_open(ModelDescription& to, const ModelDescription& from) {
  to.open += from.open;
  to.waiting += from.waiting;
  to.running += from.running;
  to.oldest_open_age = std::max(to.oldest_open_age, from.oldest_open_age);
  to.oldest_waiting_age = std::max(to.oldest_waiting_age, from.oldest_waiting_age);
}

std::string_view mode_of(FlipState state) noexcept {
  if (state == FlipState::kShadow) return "shadow";
  if (state == FlipState::kCanary) return "canary";
  return traffic_of(state) == Traffic::kQueue ? "queue" : "sync";
}

std::string_view name_of(Traffic traffic) noexcept {
  if (traffic == Traffic::kSplit) return "split";
  return traffic == Traffic::kQueue ? "queue" : "sync";
}

executor::Warning queue_away(Traffic traffic) {
  return {"queue_unavailable", traffic == Traffic::kSplit
                                   ? "the queue takes nothing now: the share of requests that goes through "
                                     "it is refused, or runs here where the model says so"
                                   : "the queue takes nothing now; nothing is sent to it either"};
}

void merge_health(ExecutorDescription& merged, const ExecutorDescription& sync,
                  const ExecutorDescription& queue, Traffic traffic) {
  // One begins to drain a moment before the other, which still takes work then: who reads "draining" counts
  // on a refusal.
  if (sync.health == executor::Health::kDraining && queue.health == executor::Health::kDraining) {
    merged.health = queue.health;
    merged.reason = queue.reason;
    return;
  }
  if (queue.health != executor::Health::kDegraded) return;
  if (traffic == Traffic::kQueue) {
    merged.health = queue.health;
    merged.reason = queue.reason;
  } else {
    merged.warnings.push_back(queue_away(traffic));
  }
}

}  // namespace

std::vector<ModelDescription> merge_models(std::vector<ModelDescription> sync,
                                           std::vector<ModelDescription> queue, Traffic traffic) {
  // What nobody knows of the queue's models is not made up from this process's.
  if (queue.empty()) return traffic == Traffic::kQueue ? std::move(queue) : std::move(sync);
  std::vector<ModelDescription>& into = traffic == Traffic::kSync ? sync : queue;
  const std::vector<ModelDescription>& from = traffic == Traffic::kSync ? queue : sync;
  for (ModelDescription& model : into) {
    const auto other = std::ranges::find(from, model.name, &ModelDescription::name);
    if (other != from.end()) add_open(model, *other);
  }
  return std::move(into);
}

Fleet merge(Fleet sync, Fleet queue, Traffic traffic) {
  queue.models = merge_models(std::move(sync.models), std::move(queue.models), traffic);
  std::ranges::move(sync.workers, std::back_inserter(queue.workers));
  return queue;
}

ExecutorDescription merge(ExecutorDescription sync, ExecutorDescription queue, FlipState state) {
  const Traffic traffic = traffic_of(state);
  ExecutorDescription merged;
  merged.name = name_of(traffic);
  merged.mode = mode_of(state);
  merged.redis = queue.redis;
  merged.running = sync.running + queue.running;
  merged.waiting = sync.waiting + queue.waiting;
  merged.server = queue.server;
  merged.models_as_of = queue.models_as_of;
  merged.broken_records = sync.broken_records + queue.broken_records;
  merged.warnings = queue.warnings;
  std::ranges::copy(sync.warnings, std::back_inserter(merged.warnings));
  merge_health(merged, sync, queue, traffic);
  merged.models = merge_models(std::move(sync.models), std::move(queue.models), traffic);
  return merged;
}

}  // namespace shunt::flip

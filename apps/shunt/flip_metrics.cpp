#include "flip_metrics.hpp"

#include <algorithm>
#include <vector>

#include "metric_families.hpp"

namespace shunt::app {
namespace {

using prometheus::Labels;

// The queue as all processes share it; nothing of a model while Redis does not answer.
void add_queue(std::vector<prometheus::MetricFamily>& families, const executor::ExecutorDescription& queue) {
  const bool up = !queue.models.empty();
  GaugeReading open("shunt_queue_open", "Generations that wait or run, over all processes");
  GaugeReading waiting("shunt_queue_waiting", "Of these, the ones that no worker has taken yet");
  GaugeReading oldest("shunt_queue_oldest_seconds", "Age of the oldest generation that waits");
  GaugeReading workers("shunt_queue_workers", "Workers that have told within their lease that they live");
  GaugeReading slots("shunt_queue_slots", "Generations that these workers run at once");
  GaugeReading unserved("shunt_queue_unserved", "1 while no worker of any kind is known to run the model");
  for (const executor::ModelDescription& model : queue.models) {
    const Labels labels{{"model", model.name}};
    open.add(static_cast<double>(model.open), labels);
    waiting.add(static_cast<double>(model.waiting), labels);
    oldest.add(in_seconds(model.oldest_waiting_age), labels);
    workers.add(static_cast<double>(model.workers), labels);
    slots.add(static_cast<double>(model.slots), labels);
    unserved.add(model.served() ? 0 : 1, labels);
  }
  GaugeReading broken("shunt_queue_broken_records",
                      "How often something in Redis was not as Shunt writes it, since the start");
  families.push_back(broken.add(static_cast<double>(queue.broken_records)).family());
  GaugeReading reachable("shunt_queue_up", "1 while Redis takes writes");
  families.push_back(reachable.add(up ? 1 : 0).family());
  if (queue.models_as_of) {
    GaugeReading age("shunt_queue_figures_age_seconds", "How long ago these figures were true");
    const auto old = std::max(system_clock().now() - *queue.models_as_of, std::chrono::milliseconds(0));
    families.push_back(age.add(in_seconds(old)).family());
  }
  if (!up) return;
  for (const GaugeReading* reading : {&open, &waiting, &oldest, &workers, &slots, &unserved})
    families.push_back(reading->family());
}

// All reasons from the start, so that rates begin at zero; a reason that its executor cannot have is not
// shown.
void add_decisions(std::vector<prometheus::MetricFamily>& families, const flip::DecisionCounts& counts) {
  CounterReading decisions("shunt_flip_decisions_total",
                           "Requests by the executor that was decided for them, and why");
  for (const auto executor : {flip::ExecutorKind::kSync, flip::ExecutorKind::kQueue}) {
    for (const flip::Reason reason : flip::reasons_of(executor)) {
      decisions.add(counts.of(executor, reason), {{"executor", std::string(flip::executor_name(executor))},
                                                  {"reason", std::string(flip::reason_name(reason))}});
    }
  }
  families.push_back(decisions.family());
}

// Since the epoch began: each new one begins at zero again.
void add_shadow(std::vector<prometheus::MetricFamily>& families, const flip::ShadowCounts& counts) {
  CounterReading sampled("shunt_flip_shadow_sampled_total",
                         "Copies of requests that were sent through the queue");
  families.push_back(sampled.add(counts.sampled).family());
  CounterReading compared("shunt_flip_shadow_compared_total",
                          "Copies by how their ends compare with the callers'");
  for (std::size_t i = 0; i < flip::kShadowClasses; ++i) {
    compared.add(counts.compared[i],
                 {{"class", std::string(flip::shadow_class_name(static_cast<flip::ShadowClass>(i)))}});
  }
  families.push_back(compared.family());
  CounterReading dropped("shunt_flip_shadow_dropped_total", "Samples of which no copy was compared, and why");
  for (const auto& [why, count] : counts.dropped) dropped.add(count, {{"reason", why}});
  families.push_back(dropped.family());
  CounterReading noise("shunt_flip_shadow_noise_compared_total",
                       "Copies that ran twice, to be compared with themselves");
  families.push_back(noise.add(counts.noise_compared).family());
  CounterReading differed("shunt_flip_shadow_noise_mismatches_total", "Of these, the ones that differed");
  families.push_back(differed.add(counts.noise_mismatches).family());
}

void add_breaker(std::vector<prometheus::MetricFamily>& families, const flip::SharedBreaker::View& breaker) {
  GaugeReading state("shunt_flip_breaker_state", "1 for the state that the breaker before the queue is in");
  for (const auto each :
       {flip::BreakerState::kClosed, flip::BreakerState::kOpen, flip::BreakerState::kHalfOpen}) {
    state.add(each == breaker.state ? 1 : 0, {{"state", std::string(flip::breaker_state_name(each))}});
  }
  GaugeReading open("shunt_flip_breaker_open_seconds", "For how long it has not been closed");
  GaugeReading share("shunt_flip_breaker_admitted_share", "The share of requests that it lets through");
  families.push_back(state.family());
  families.push_back(open.add(in_seconds(breaker.open_for)).family());
  families.push_back(share.add(breaker.admitted_share).family());
  CounterReading opened("shunt_flip_breaker_opened_total", "How often the breaker has opened");
  CounterReading refused("shunt_flip_breaker_refused_total", "Requests that the breaker did not let through");
  CounterReading probes("shunt_flip_breaker_probes_total", "Probes of a breaker that was half open");
  families.push_back(opened.add(breaker.opened).family());
  families.push_back(refused.add(breaker.refused).family());
  probes.add(breaker.good_probes, {{"outcome", "good"}}).add(breaker.bad_probes, {{"outcome", "bad"}});
  families.push_back(probes.family());
}

}  // namespace

std::string flip_metrics_text(const flip::FlipExecutor& executor) {
  std::vector<prometheus::MetricFamily> families;
  add_queue(families, executor.describe_queue());
  add_decisions(families, executor.decisions());
  add_breaker(families, executor.breaker().view());
  if (executor.shadow() != nullptr) add_shadow(families, executor.shadow()->counts());
  return metrics_text(families);
}

}  // namespace shunt::app

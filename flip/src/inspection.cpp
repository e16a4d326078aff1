#include "shunt/flip/inspection.hpp"

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

namespace shunt::flip {
namespace {

KeptThings kept(std::uint64_t count, std::optional<WallTime> until) {
  return {.count = count, .until = until};
}

DrainFacts drain_facts_of(const FleetPlace& place, const executor::QueueContents& contents) {
  DrainFacts facts;
  facts.state = acting_state(place.record);
  facts.sends_to_queue = weight_of(place.record) > Weight::none();
  facts.unaware = place.unaware;
  for (const auto& queue : contents.queues) {
    facts.work.push_back({.model = queue.model,
                          .waiting = queue.waiting,
                          .active = queue.active,
                          .delayed = queue.delayed,
                          .awaited = queue.awaited});
  }
  facts.results = kept(contents.results, contents.results_until);
  facts.keys = kept(contents.keys, contents.keys_until);
  return facts;
}

// Each look is a chain of questions, whose answers come one after the other.
class Inspection final : public FlipInspection {
 public:
  explicit Inspection(FlipInspectionOptions options)
      : options_(std::move(options)),
        models_(options_.models),
        inspector_(executor::make_queue_inspector(options_.queue)) {}

  using FlipInspection::preflight;
  void preflight(std::optional<Plan> plan, std::function<void(std::vector<Check>)> done) override {
    auto look = std::make_shared<Look>();
    look->plan = std::move(plan);
    look->done = std::move(done);
    options_.place([this, look](FleetPlace place) {
      look->place = std::move(place);
      inspector_->read_server([this, look](Result<executor::ServerReading> reading) {
        if (!reading) {
          look->facts.redis.failure = reading.error().message;
          return finish(*look);
        }
        look->facts.redis = redis_facts_of(*reading);
        ask_fleet(look);
      });
    });
  }

  void drain(std::function<void(Result<DrainFacts>)> done) override {
    options_.place([this, done = std::move(done)](FleetPlace place) mutable {
      std::vector<std::string> models;
      for (const auto& model : models_now()) models.push_back(model.name);
      inspector_->read_contents(std::move(models), [place = std::move(place), done = std::move(done)](
                                                       Result<executor::QueueContents> contents) {
        if (!contents) return done(std::move(contents).error());
        done(drain_facts_of(place, *contents));
      });
    });
  }

  void use_models(std::vector<FlipInspectionOptions::Model> models) override {
    const std::lock_guard lock(mutex_);
    models_ = std::move(models);
  }

  [[nodiscard]] ShadowReport shadow() const override {
    return options_.shadow == nullptr ? ShadowReport{} : options_.shadow->report();
  }

  void fleet(std::function<void(std::optional<FleetFacts>)> done) override {
    options_.place([this, done = std::move(done)](FleetPlace place) mutable {
      options_.queue_executor->fleet(
          [this, place = std::move(place), done = std::move(done)](const Result<executor::Fleet>& fleet) {
            done(facts_of(fleet, place));
          });
    });
  }

 private:
  struct Look {
    std::optional<Plan> plan;
    FleetPlace place;
    PreflightFacts facts;
    std::function<void(std::vector<Check>)> done;
  };

  [[nodiscard]] std::vector<FlipInspectionOptions::Model> models_now() const {
    const std::lock_guard lock(mutex_);
    return models_;
  }

  void ask_fleet(const std::shared_ptr<Look>& look) {
    options_.queue_executor->fleet([this, look](Result<executor::Fleet> fleet) {
      look->facts.fleet = facts_of(fleet, look->place);
      send_probe(look);
    });
  }

  [[nodiscard]] std::optional<FleetFacts> facts_of(const Result<executor::Fleet>& fleet,
                                                   const FleetPlace& place) const {
    if (!fleet) return std::nullopt;
    const std::size_t processes = std::max<std::size_t>(place.processes.size(), 1);
    FlipInspectionOptions options = options_;
    options.models = models_now();
    return fleet_facts_of(*fleet, options, processes, system_clock().steady_now());
  }

  void send_probe(const std::shared_ptr<Look>& look) {
    if (!options_.probe) return finish(*look);
    const SteadyTime sent_at = system_clock().steady_now();
    options_.probe([this, look, sent_at](const Result<void>& end) {
      ProbeFacts probe;
      if (!end) probe.failure = end.error().message;
      probe.only_looked = std::ranges::none_of(models_now(), &FlipInspectionOptions::Model::may_be_probed);
      probe.took =
          std::chrono::duration_cast<std::chrono::milliseconds>(system_clock().steady_now() - sent_at);
      look->facts.probe = std::move(probe);
      finish(*look);
    });
  }

  void finish(Look& look) {
    look.facts.prefix_has_tag = has_hash_tag(options_.queue.prefix);
    look.facts.shadow_keeps_prompts = (look.plan ? *look.plan : look.place.record.plan).shadow.enabled;
    look.done(flip::preflight(look.facts));
  }

  const FlipInspectionOptions options_;  // but for its models
  mutable std::mutex mutex_;
  std::vector<FlipInspectionOptions::Model> models_;
  const std::unique_ptr<executor::QueueInspector> inspector_;
};

}  // namespace

RedisFacts redis_facts_of(const executor::ServerReading& reading) {
  RedisFacts facts = facts_of_info(reading.info);
  facts.reached_in = reading.reached_in;
  facts.clock_skew = reading.clock_skew;
  facts.refused_commands = reading.refused_commands;
  if (!reading.script_calls.empty()) {
    std::vector<std::chrono::microseconds> calls = reading.script_calls;
    const auto at = calls.begin() + static_cast<std::ptrdiff_t>((calls.size() - 1) * 99 / 100);
    std::ranges::nth_element(calls, at);
    facts.script_p99 = *at;
  }
  return facts;
}

namespace {

std::vector<std::string> unfit_workers(const executor::Fleet& fleet,
                                       const FlipInspectionOptions::Model& model) {
  std::vector<std::string> unfit;
  for (const executor::WorkerStatus& worker : fleet.workers) {
    const bool serves = std::ranges::find(worker.models, model.name, &executor::WorkerStatus::Model::name) !=
                        worker.models.end();
    if (serves && !executor::keeps_to(worker, model.on_lost)) unfit.push_back(worker.name);
  }
  return unfit;
}

}  // namespace

FleetFacts fleet_facts_of(const executor::Fleet& fleet, const FlipInspectionOptions& options,
                          std::size_t processes, SteadyTime now) {
  FleetFacts facts;
  facts.version = options.version;
  facts.processes = processes + fleet.workers.size();
  std::set<std::string> versions;
  for (const executor::WorkerStatus& worker : fleet.workers) versions.insert(worker.version);
  facts.worker_versions.assign(versions.begin(), versions.end());
  for (const auto& configured : options.models) {
    FleetFacts::Model model{.name = configured.name, .sync_slots = configured.sync_slots * processes};
    model.on_lost = configured.on_lost;
    model.unfit_workers = unfit_workers(fleet, configured);
    const auto found = std::ranges::find(fleet.models, configured.name, &executor::ModelDescription::name);
    if (found != fleet.models.end()) {
      model.workers = found->workers + found->plain_workers;
      model.slots = found->slots;
      if (found->workers == 0) model.untold_workers = found->plain_workers;
      model.oldest_waiting = found->oldest_waiting_age;
    }
    if (options.load != nullptr) {
      const LoadMeter::Load load = options.load->load_of(configured.name, now);
      model.arrivals_per_second = load.per_second * static_cast<double>(processes);
      model.mean_run = load.mean_run;
    }
    facts.models.push_back(std::move(model));
  }
  return facts;
}

std::unique_ptr<FlipInspection> make_flip_inspection(FlipInspectionOptions options) {
  return std::make_unique<Inspection>(std::move(options));
}

}  // namespace shunt::flip

#include "flip_fleet.hpp"

#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "shunt/base/digest.hpp"
#include "shunt/flip/preflight.hpp"
#include "shunt/generation/envelope.hpp"
#include "version_text.hpp"

namespace shunt::app {

void EndRelay::also_tell(executor::ExecutorObserver* second) {
  const std::unique_lock lock(mutex_);
  second_ = second;
}

void EndRelay::submitted(const Submitted& request) {
  first_.submitted(request);
  const std::shared_lock lock(mutex_);
  if (second_ != nullptr) second_->submitted(request);
}

void EndRelay::ended(const Ended& end) {
  first_.ended(end);
  const std::shared_lock lock(mutex_);
  if (second_ != nullptr) second_->ended(end);
}

void EndRelay::failed(const Failed& failure) {
  first_.failed(failure);
}

void EndRelay::registry(Registry what) {
  first_.registry(what);
  const std::shared_lock lock(mutex_);
  if (second_ != nullptr) second_->registry(what);
}

namespace {

std::vector<flip::FlipInspectionOptions::Model> inspected_models(const config::Configuration& configuration) {
  std::vector<flip::FlipInspectionOptions::Model> models;
  for (const config::ModelConfig& model : configuration.models)
    models.push_back({model.model.name, model.model.concurrency, model.model.on_lost,
                      model.flip_policy.probe_input.has_value()});
  return models;
}

}  // namespace

std::string build_of(const config::Loaded& loaded) {
  constexpr std::size_t kDigits = 12;
  std::string models;
  for (const config::Explained& setting : loaded.explained) {
    if (!setting.name.starts_with("models.")) continue;
    models.append(setting.name).append("=").append(setting.fingerprint).append("\n");
  }
  return std::string(kVersion) + "/v" + std::to_string(kNewestEnvelopeVersion) + '/' +
         sha256_hex(models).substr(0, kDigits);
}

FlipFleet::FlipFleet(const config::Loaded& loaded, Flip& flip, EndRelay& ends, FaultLog& faults)
    : ends_(ends),
      inspection_(flip::make_flip_inspection(inspection_options(loaded.configuration, flip))),
      control_(flip::make_flip_control(flip.snapshot, control_options(loaded, flip, faults))) {
  asked_ = control_.get();
  ends_.also_tell(this);
}

void FlipFleet::use_models(const config::Loaded& loaded) {
  control_->use_build(build_of(loaded));
  inspection_->use_models(inspected_models(loaded.configuration));
}

void FlipFleet::submitted(const Submitted& request) {
  control_->figures().submitted(request);
  if (request.outcome == Submitted::Outcome::kAccepted) {
    load_.admitted(request.model, std::chrono::steady_clock::now());
  }
}

void FlipFleet::ended(const Ended& end) {
  control_->figures().ended(end);
  load_.ended(end.model, end.ran, std::chrono::steady_clock::now());
}

void FlipFleet::registry(Registry what) {
  control_->figures().registry(what);
}

flip::FlipControlOptions FlipFleet::control_options(const config::Loaded& loaded, Flip& flip,
                                                    FaultLog& faults) {
  const config::Configuration& configuration = loaded.configuration;
  flip::FlipExecutor* const executor = flip.executor.get();
  flip::FlipControlOptions options;
  options.queue = configuration.queue;
  options.strategy = configuration.strategy;
  options.version = kVersion;
  options.build = build_of(loaded);
  options.state_file = configuration.flip_state_file;
  options.audit_file = configuration.flip_audit_file;
  options.queue_executor = flip.queue;
  options.wait_deadline = configuration.server.wait_deadline;
  options.breaker_open_for = [executor] {
    return executor->breaker().open_for(std::chrono::steady_clock::now());
  };
  options.preflight = [this](std::function<void(std::vector<std::string>)> done) {
    inspection_->preflight([done = std::move(done)](const std::vector<flip::Check>& checks) {
      done(flip::failing(checks, {}));
    });
  };
  options.probe = [executor](std::function<void(Result<void>)> done) { executor->probe(std::move(done)); };
  if (const flip::Shadow* const shadow = executor->shadow()) {
    options.shadow = [shadow] { return shadow->counts(); };
  }
  options.faults = &faults;
  return options;
}

flip::FlipInspectionOptions FlipFleet::inspection_options(const config::Configuration& configuration,
                                                          Flip& flip) {
  flip::FlipExecutor* const executor = flip.executor.get();
  flip::FlipInspectionOptions options;
  options.queue = configuration.queue;
  options.queue_executor = flip.queue;
  options.load = &load_;
  options.shadow = executor->shadow();
  options.models = inspected_models(configuration);
  options.version = kVersion;
  options.place = [this](std::function<void(flip::FleetPlace)> done) {
    asked_->status([done = std::move(done)](const flip::FlipStatus& status) {
      flip::FleetPlace place{.record = status.record, .processes = {}, .unaware = {}};
      for (const flip::ApiProcess& process : status.processes) {
        place.processes.push_back(process.process);
        if (process.epoch != status.record.epoch) place.unaware.push_back(process.process);
      }
      done(std::move(place));
    });
  };
  options.probe = [executor](std::function<void(Result<void>)> done) { executor->probe(std::move(done)); };
  return options;
}

}  // namespace shunt::app

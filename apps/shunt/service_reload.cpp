// Service: what a reload does.
#include <algorithm>
#include <utility>

#include "make_models.hpp"
#include "make_webhooks.hpp"
#include "service.hpp"
#include "shunt/base/log.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::app {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : ",").append(word);
  return text;
}

std::string joined(const std::map<std::string, config::ModelChange>& models) {
  std::string text;
  for (const auto& [name, change] : models)
    text.append(text.empty() ? "" : ",").append(name).append(":").append(config::model_change_name(change));
  return text;
}

api::ReloadReport report_of(const config::Reload& reload, const std::string& file) {
  api::ReloadReport report{
      .file = file, .digest = config::digest_of(reload.merged), .changes = {}, .models = {}};
  for (const config::SettingChange& change : reload.changes)
    report.changes.push_back({change.name, change.before, change.after, change.live});
  for (const auto& [name, change] : reload.models)
    report.models.emplace_back(name, config::model_change_name(change));
  return report;
}

}  // namespace

void Service::reload_soon() {
  reload(Mode::kTake, [](const Result<api::ReloadReport>&) {});
}

void Service::reload(Mode mode, std::function<void(Result<api::ReloadReport>)> done) {
  const auto shared = std::make_shared<decltype(done)>(std::move(done));
  const bool posted = load_again_ && reloads_.post([this, mode, shared] {
    auto report = reload_now(mode);
    (*shared)(std::move(report));
  });
  if (!posted) (*shared)(shutting_down());
}

// Everything that can fail comes first, so that nothing has to be taken back.
Result<api::ReloadReport> Service::reload_now(Mode mode) {
  const auto reject = [&](const Error& error) {
    if (mode == Mode::kTry) return error;
    reload_figures_.rejected(system_clock().now());
    log::error("service.reload_rejected", {{"code", error.code}, {"reason", log_text(error)}});
    return error;
  };
  const auto fresh = load_again_();
  if (!fresh) return reject(fresh.error());
  config::Reload reload = config::reload(running_, *fresh);
  if (const auto checked = check_webhooks(reload.merged.configuration); !checked)
    return reject(checked.error());
  auto models = remake_models(reload, models_, loops_, files_.get(), endings_);
  if (!models) return reject(models.error());
  for (const auto* const server : {&server_, &probes_}) {
    if (*server == nullptr) continue;
    if (const auto fits = (*server)->check(reload.merged.configuration.server); !fits)
      return reject(fits.error());
  }
  api::ReloadReport report = report_of(reload, fresh->file);
  if (mode == Mode::kTry) return report;
  const std::string taken = joined(reload.taken);
  const std::string kept = joined(reload.kept);
  const std::string changed_models = joined(reload.models);
  reload_figures_.taken(report.digest, reload.kept.size(), system_clock().now());
  take(std::move(reload), std::move(*models));
  log::info(
      "service.reloaded",
      {{"file", fresh->file}, {"changed", taken}, {"models", changed_models}, {"digest", report.digest}});
  if (!kept.empty()) log::warn("service.restart_needed", {{"unchanged", kept}});
  return report;
}

void Service::reload_servers(const config::Configuration& configuration) {
  for (const auto* const server : {&server_, &probes_}) {
    if (*server == nullptr) continue;
    // It was asked before, and nothing that it goes by has changed since.
    if (const auto taken = (*server)->reload(configuration.server); !taken)
      log::error("service.server_not_reloaded",
                 {{"code", taken.error().code}, {"reason", log_text(taken.error())}});
  }
}

// What says who may do what comes before the models that it says it of.
void Service::take(config::Reload reload, ModelRegistry models) {
  running_ = std::move(reload.merged);
  const config::Configuration& configuration = running_.configuration;
  reload_servers(configuration);
  if (webhooks_) webhooks_->use_keys(webhook_keys(configuration));
  if (flip_) {
    flip_->executor->breaker().set_mode(configuration.breaker);
    flip_->executor->use_models(flip_policies(configuration), shadows_of(configuration));
  }
  if (!reload.models.empty()) models_.replace(std::move(models));
  const config::WorkerSettings& worker = configuration.worker;
  const auto concurrency = worker.concurrency > 0 ? std::optional(worker.concurrency) : std::nullopt;
  if (worker_) worker_->choose(worker.models, concurrency);
  if (shadow_worker_) {
    shadow_models_.replace(shadow_models(models_, configuration));
    shadow_worker_->choose(worker.models, concurrency);
  }
  if (fleet_ && !reload.models.empty()) fleet_->use_models(running_);
  warm_programs();
  log::configure(configuration.log_level, configuration.log_format);
}

}  // namespace shunt::app

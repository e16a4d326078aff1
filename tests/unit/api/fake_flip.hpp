#pragma once

#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/flip/flip_control.hpp"
#include "shunt/flip/inspection.hpp"

namespace shunt::api::testing {

// Keeps what was asked and answers what a test says, on a thread of its own as the real one does.
class FakeFlipControl final : public flip::FlipControl {
 public:
  void status(std::function<void(flip::FlipStatus)> done) override {
    std::jthread([&] { done(status_is); }).join();
  }
  void apply(flip::FlipRequest request, std::function<void(Result<flip::FlipChange>)> done) override {
    asked.push_back(std::move(request));
    std::jthread([&] { done(change_is); }).join();
  }
  void log(std::uint64_t from, std::size_t count,
           std::function<void(Result<flip::FlipLogPage>)> done) override {
    asked_log.emplace_back(from, count);
    done(log_is);
  }
  void verify_log(std::function<void(Result<flip::ChainReport>)> done) override { done(chain_is); }
  void shadow_counts(std::function<void(flip::FleetShadow)> done) override { done(shadow_is); }
  void use_build(std::string /*build*/) override {}
  executor::ExecutorObserver& figures() noexcept override { return figures_; }
  [[nodiscard]] flip::FlipView view() const override { return {}; }

  flip::FlipStatus status_is;
  Result<flip::FlipChange> change_is = flip::FlipChange{};
  Result<flip::FlipLogPage> log_is = flip::FlipLogPage{};
  Result<flip::ChainReport> chain_is = flip::ChainReport{};
  flip::FleetShadow shadow_is;
  std::vector<flip::FlipRequest> asked;
  std::vector<std::pair<std::uint64_t, std::size_t>> asked_log;

 private:
  class NoFigures final : public executor::ExecutorObserver {
    void submitted(const Submitted& /*request*/) override {}
    void ended(const Ended& /*end*/) override {}
  };
  NoFigures figures_;
};

class FakeFlipInspection final : public flip::FlipInspection {
 public:
  void preflight(std::optional<flip::Plan> plan,
                 std::function<void(std::vector<flip::Check>)> done) override {
    plans.push_back(std::move(plan));
    done(checks_are);
  }
  void drain(std::function<void(Result<flip::DrainFacts>)> done) override { done(drain_is); }
  void fleet(std::function<void(std::optional<flip::FleetFacts>)> done) override { done(fleet_is); }

  void use_models(std::vector<flip::FlipInspectionOptions::Model> /*models*/) override {}

  [[nodiscard]] flip::ShadowReport shadow() const override { return shadow_is; }

  flip::ShadowReport shadow_is;
  std::vector<flip::Check> checks_are;
  Result<flip::DrainFacts> drain_is = flip::DrainFacts{};
  std::optional<flip::FleetFacts> fleet_is;
  std::vector<std::optional<flip::Plan>> plans;
};

}  // namespace shunt::api::testing

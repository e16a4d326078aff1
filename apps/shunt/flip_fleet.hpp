#pragma once

#include <memory>
#include <shared_mutex>
#include <string>

#include "make_flip.hpp"
#include "namespace.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/executor/observer.hpp"
#include "shunt/flip/flip_control.hpp"
#include "shunt/flip/inspection.hpp"
#include "shunt/flip/load_meter.hpp"

namespace shunt::app {

// Passes on what executors tell to metrics and, once there is one, to whoever counts for the flip: that comes
// after the executors that it asks. Any thread.
class EndRelay final : public executor::ExecutorObserver {
 public:
  // `first` outlives this.
  explicit EndRelay(executor::ExecutorObserver& first) noexcept : first_(first) {}
  // nullptr: nobody. The one before is told nothing any more when this returns.
  void also_tell(executor::ExecutorObserver* second);

  void submitted(const Submitted& request) override;
  void ended(const Ended& end) override;
  void failed(const Failed& failure) override;
  void registry(Registry what) override;

 private:
  executor::ExecutorObserver& first_;
  std::shared_mutex mutex_;  // shared while the second one is told
  executor::ExecutorObserver* second_ = nullptr;
};

// This process's part in its fleet's flip: follows the record, counts what its executors end, and looks at
// the fleet for people. All that it is made with outlives it.
class FlipFleet final : private executor::ExecutorObserver {
 public:
  FlipFleet(const config::Loaded& loaded, Flip& flip, EndRelay& ends, FaultLog& faults);
  FlipFleet(const FlipFleet&) = delete;
  FlipFleet& operator=(const FlipFleet&) = delete;
  ~FlipFleet() override { ends_.also_tell(nullptr); }

  // The models are those of this configuration from now on. Any thread.
  void use_models(const config::Loaded& loaded);

  [[nodiscard]] flip::FlipControl& control() noexcept { return *control_; }
  [[nodiscard]] const flip::FlipControl& control() const noexcept { return *control_; }
  [[nodiscard]] flip::FlipInspection& inspection() noexcept { return *inspection_; }

 private:
  void submitted(const Submitted& request) override;
  void ended(const Ended& end) override;
  void registry(Registry what) override;
  [[nodiscard]] flip::FlipControlOptions control_options(const config::Loaded& loaded, Flip& flip,
                                                         FaultLog& faults);
  [[nodiscard]] flip::FlipInspectionOptions inspection_options(const config::Configuration& configuration,
                                                               Flip& flip);

  EndRelay& ends_;
  flip::LoadMeter load_;
  // Each asks the other. The control is made last, since it asks at once, and the first to go.
  flip::FlipControl* asked_ = nullptr;
  std::unique_ptr<flip::FlipInspection> inspection_;
  std::unique_ptr<flip::FlipControl> control_;
};

// Version of models and protocol in one text: two processes in which it differs run different models, or run
// them differently.
[[nodiscard]] std::string build_of(const config::Loaded& loaded);

}  // namespace shunt::app

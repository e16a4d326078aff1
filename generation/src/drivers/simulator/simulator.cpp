#include "shunt/generation/drivers/simulator.hpp"

#include <stdexcept>
#include <utility>

#include "drivers/simulator/simulated_plan.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
namespace {

using simulator::Plan;
using simulator::Random;

void finish(GenerationRun& run, const Plan& plan, Random& random) {
  if (plan.fail_after) {
    Error error{error_code::kSimulatedFailure,
                "the simulator failed this generation on purpose after " + std::to_string(*plan.fail_after) +
                    " tokens (failure_rate)",
                Retryable::kYes};
    return run.fail(std::move(error).with("tokens", *plan.fail_after));
  }
  if (plan.result_bytes > 0) {
    auto bytes = std::make_shared<const std::string>(simulator::noise(plan.result_bytes, random));
    run.artifact({"result.bin", "application/octet-stream", std::move(bytes)});
  }
  run.succeed(JsonObject{{"tokens", plan.tokens}, {"simulated", true}});
}

// No waiting: all at once, for measuring what surrounds a generator.
void play_at_once(GenerationRun& run, const Plan& plan) {
  Random random(plan.seed);
  const std::size_t count = plan.fail_after.value_or(plan.tokens);
  std::string token;
  for (std::size_t i = 0; i < count; ++i) {
    if (run.stop_token().stop_requested()) return run.stopped();
    token.clear();
    simulator::append_token(token, random);
    run.delta(token);
  }
  finish(run, plan, random);
}

// One generation on its loop, a timer a token. Owned by its own timer's function until it ends.
class Playback : public std::enable_shared_from_this<Playback> {
 public:
  Playback(std::shared_ptr<GenerationRun> run, Plan plan, EventLoop& loop)
      : run_(std::move(run)), plan_(plan), random_(plan.seed), loop_(loop) {}

  void begin() {
    const auto self = shared_from_this();
    stop_.emplace(run_->stop_token(), [self_or_gone = weak_from_this(), &loop = loop_] {
      loop.post([self_or_gone] {
        if (const auto playback = self_or_gone.lock()) playback->stop();
      });
    });
    schedule(simulator::vary(plan_.first_token, plan_.spread, random_));
  }

 private:
  void schedule(std::chrono::microseconds delay) {
    timer_ = loop_.after(delay, [self = shared_from_this()] { self->next(); });
  }

  void next() {
    if (run_->stop_token().stop_requested()) return stop();
    if (played_ == plan_.fail_after.value_or(plan_.tokens)) {
      stop_.reset();
      return finish(*std::exchange(run_, nullptr), plan_, random_);
    }
    std::string token;
    simulator::append_token(token, random_);
    run_->delta(token);
    ++played_;
    schedule(simulator::vary(plan_.token_gap, plan_.spread, random_));
  }

  void stop() {
    if (!run_) return;
    timer_.cancel();
    stop_.reset();
    std::exchange(run_, nullptr)->stopped();
  }

  std::shared_ptr<GenerationRun> run_;
  const Plan plan_;
  Random random_;
  EventLoop& loop_;
  std::size_t played_ = 0;
  Timer timer_;
  std::optional<std::stop_callback<std::function<void()>>> stop_;
};

class Simulator final : public Generator {
 public:
  explicit Simulator(const SimulatorOptions& options) : options_(options) {}

  Result<void> check_input(const Json& input) const override {
    if (auto plan = simulator::plan_for(input, options_); !plan) return std::move(plan).error();
    return {};
  }

  void start(std::shared_ptr<GenerationRun> run) override {
    auto plan = simulator::plan_for(run->input(), options_);
    if (!plan) return run->fail(std::move(plan).error());
    if (plan->instant()) return play_at_once(*run, *plan);
    EventLoop* const loop = EventLoop::current();
    if (loop == nullptr) throw std::logic_error("Generator::start must be called on an event loop thread");
    std::make_shared<Playback>(std::move(run), *plan, *loop)->begin();
  }

 private:
  const SimulatorOptions options_;
};

}  // namespace

std::unique_ptr<Generator> make_simulator(SimulatorOptions options) {
  return std::make_unique<Simulator>(options);
}

}  // namespace shunt::generation

#include "queue_probes.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "queue_path.hpp"
#include "shunt/base/log.hpp"

namespace shunt::flip {
namespace {

using executor::Accepted;
using executor::SubmitOutcome;

// While the breaker is not closed.
constexpr std::chrono::milliseconds kTurn{250};
// While it is, and nothing is waited for but newer figures, which come every two seconds then.
constexpr std::chrono::milliseconds kLookTurn{1'000};
// A look waits so long for figures that are newer than itself: they come every second in trouble.
constexpr std::chrono::seconds kLookPatience{5};
// Below the breaker's own patience with its probes.
constexpr std::chrono::seconds kProbeTimeout{20};

}  // namespace

struct QueueProbes::Probe {
  std::function<void(bool good)> told;
  WallTime sent_at{};
  SteadyTime give_up_at{};
  bool is_look = false;
  std::optional<GenerationId> id{};
  std::unique_ptr<EventWatch> watch{};
};

QueueProbes::QueueProbes(executor::GenerationExecutor& queue, SharedBreaker& breaker,
                         const ModelPolicies& policies, const Clock& clock, EventLoop& loop)
    : queue_(queue), breaker_(breaker), clock_(clock), loop_(loop), inputs_(inputs_of(policies)) {}

QueueProbes::Inputs QueueProbes::inputs_of(const ModelPolicies& policies) {
  Inputs inputs;
  for (const auto& [model, policy] : policies) {
    if (policy.probe_input) inputs.emplace_back(model, *policy.probe_input);
  }
  return inputs;
}

void QueueProbes::use_policies(const ModelPolicies& policies) {
  loop_.post([self = shared_from_this(), inputs = inputs_of(policies)]() mutable {
    self->inputs_ = std::move(inputs);
  });
}

void QueueProbes::wake() {
  loop_.post([self = shared_from_this()] {
    if (!self->stopped_) self->turn();
  });
}

void QueueProbes::send_one(std::function<void(bool good)> done) {
  loop_.post([self = shared_from_this(), done = std::move(done)]() mutable {
    if (self->stopped_) return done(false);
    self->send(std::move(done));
    self->turn_later();
  });
}

void QueueProbes::stop(std::function<void()> done) {
  loop_.post([self = shared_from_this(), done = std::move(done)] {
    self->stopped_ = true;
    self->timer_.cancel();
    const auto left = std::exchange(self->probes_, {});
    for (const auto& probe : left) probe->told(false);
    done();
  });
}

void QueueProbes::turn() {
  turning_ = false;
  if (stopped_) return;
  const Breaker::Probes wanted = breaker_.probes_to_send();
  for (std::uint32_t i = 0; i < wanted.count; ++i) {
    send([this, opening = wanted.opening](bool good) { breaker_.probe_ended(good, opening); });
  }
  // A copy: a look that ends is taken from the list.
  for (const auto& probe : std::vector(probes_)) look(probe);
  if (breaker_.view().state != BreakerState::kClosed || !probes_.empty()) turn_later();
}

void QueueProbes::turn_later() {
  if (turning_) return;
  turning_ = true;
  const bool only_looks = breaker_.view().state == BreakerState::kClosed &&
                          std::ranges::all_of(probes_, [](const auto& probe) { return probe->is_look; });
  timer_ = loop_.after(only_looks ? kLookTurn : kTurn, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->turn();
  });
}

void QueueProbes::send(std::function<void(bool good)> told) {
  const auto probe = std::make_shared<Probe>();
  probe->told = std::move(told);
  probe->sent_at = clock_.now();
  probes_.push_back(probe);
  if (!inputs_.empty()) return send_generation(probe);
  probe->is_look = true;
  probe->give_up_at = clock_.steady_now() + kLookPatience;
}

void QueueProbes::send_generation(const std::shared_ptr<Probe>& probe) {
  const auto& [model, input] = inputs_[next_input_++ % inputs_.size()];
  probe->give_up_at = clock_.steady_now() + kProbeTimeout;
  GenerationRequest request;
  request.model = model;
  request.input = input;
  request.options.metadata = {{"shunt.probe", true}};
  request.admission = Admission{.executor = "queue", .reason = "probe"};
  queue_.submit(std::move(request), [self = shared_from_this(), probe](SubmitOutcome outcome) {
    auto held = std::make_shared<SubmitOutcome>(std::move(outcome));
    self->loop_.post([self, probe, held] { self->follow(probe, std::move(*held)); });
  });
}

void QueueProbes::follow(const std::shared_ptr<Probe>& probe, SubmitOutcome outcome) {
  if (stopped_) return;
  auto* const accepted = std::get_if<Accepted>(&outcome);
  if (accepted == nullptr || !accepted->watch) {
    // A refusal that is not the queue's fault says that it works, or nothing: what it finds out by itself
    // tells which.
    if (health_of(enqueue_outcome(outcome)) == Health::kBad) return end(probe, false);
    probe->is_look = true;
    return;
  }
  probe->id = accepted->id;
  probe->watch = std::move(accepted->watch);
  probe->watch->on_end([weak = weak_from_this(), probe] {
    const auto self = weak.lock();
    if (!self) return;
    // How it ended does not matter: its end has come back through Redis.
    self->loop_.post([self, probe] { self->end(probe, true); });
  });
}

void QueueProbes::look(const std::shared_ptr<Probe>& probe) {
  if (clock_.steady_now() >= probe->give_up_at) return end(probe, false);
  if (!probe->is_look) return;
  const executor::ExecutorDescription seen = queue_.describe();
  const bool fresh = seen.models_as_of && *seen.models_as_of > probe->sent_at;
  if (seen.health == executor::Health::kReady && fresh) end(probe, true);
}

void QueueProbes::end(const std::shared_ptr<Probe>& probe, bool good) {
  // Once each, whichever of its end and its deadline comes first.
  if (stopped_ || std::erase(probes_, probe) == 0) return;
  log::info("queue.probed", {{"good", good}, {"generation", probe->id ? probe->id->to_string() : ""}});
  probe->told(good);
  if (!probe->id) return;
  probe->watch.reset();
  const GenerationId id = *probe->id;
  if (good) return queue_.remove(id, [](const auto&) {});
  queue_.cancel(id, "the probe took too long", [](const auto&) {});
}

}  // namespace shunt::flip

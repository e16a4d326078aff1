#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fleet/acting_record.hpp"
#include "fleet/fleet_figures.hpp"
#include "fleet/flip_context.hpp"
#include "fleet/follower.hpp"
#include "shunt/flip/flip_control.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// Carries out what a person or the controller asks: what leads down is acted on here first and then written,
// everything else is written first. One thread: the loop's.
class Changer {
 public:
  Changer(FlipContext& context, ActingRecord& acting, Follower& follower)
      : context_(context), acting_(acting), follower_(follower) {}

  [[nodiscard]] bullmq::awaitable<Result<FlipChange>> apply(FlipRequest request);

  // An event of the controller's tick, which was decided on the record that is acted on now.
  struct TickEvent {
    FlipEvent event = FlipEvent::kAbort;
    Verdict verdict;
    std::string build;  // of kVersionChanged
    bool converged = false;
    std::string fence;
  };
  [[nodiscard]] bullmq::awaitable<void> carry_out(TickEvent event);

  // The rows of the preflight that fail now.
  [[nodiscard]] bullmq::awaitable<std::vector<std::string>> failing_rows();
  // What the queue's executor tells; nullopt: nothing within its time, or there is none.
  [[nodiscard]] bullmq::awaitable<std::optional<QueueFacts>> ask_queue();
  // Those that had a lease at the last look.
  [[nodiscard]] const std::vector<ApiProcess>& last_seen() const noexcept { return last_seen_; }
  // The fleet as it is, or an error.
  [[nodiscard]] bullmq::awaitable<Result<FleetLook>> look(std::optional<std::uint64_t> epoch);

 private:
  bullmq::awaitable<Result<FlipChange>> go_down(FlipRecord before, FlipRecord next, ChangeStory story);
  bullmq::awaitable<Result<FlipChange>> go_up(TransitionInput input, ChangeStory story,
                                              std::vector<std::string> overrides);
  bullmq::awaitable<bool> write_down(FlipRecord next, ChangeStory story, std::optional<std::string> fence);
  bullmq::awaitable<FlipChange> changed(FlipRecord before, bool stored);
  bullmq::awaitable<std::vector<std::string>> wait_for_acknowledgements();
  [[nodiscard]] TransitionInput input_of(const FlipRequest& request) const;
  [[nodiscard]] Error unreadable() const;

  FlipContext& context_;
  ActingRecord& acting_;
  Follower& follower_;
  std::vector<ApiProcess> last_seen_;
};

// Whether all of a fleet act on this epoch; false for a fleet of nobody. Pure.
[[nodiscard]] bool is_converged(const std::vector<ApiProcess>& processes, std::uint64_t epoch) noexcept;

}  // namespace shunt::flip

#include "fleet/changer.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "fleet/awaited_answer.hpp"
#include "shunt/base/log.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::flip {
namespace {

// A preflight sends a generation through the whole path.
constexpr std::chrono::milliseconds kPreflightPatience{60'000};
// While a person waits for the fleet's acknowledgements, which nobody pushes.
constexpr std::chrono::milliseconds kBetweenLooks{50};

// One line of valid text: what is in a record has to be readable by every process, and on a terminal.
std::string line_of(std::string_view text, std::size_t most) {
  std::string line = to_valid_utf8(text);
  std::ranges::replace_if(line, [](unsigned char c) { return c < ' ' || c == 0x7F; }, ' ');
  line.resize(valid_utf8_prefix(std::string_view(line).substr(0, most)));
  return line;
}

std::string name_of(const ApiProcess& process) {
  return process.process + " (" + process.host + ':' + std::to_string(process.pid) + ')';
}

std::vector<std::string> lines_of(const std::vector<std::string>& texts) {
  std::vector<std::string> lines;
  for (const std::string& text : texts) {
    if (lines.size() < kMaxOverrides) lines.push_back(line_of(text, kMaxOverrideBytes));
  }
  return lines;
}

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

bool is_converged(const std::vector<ApiProcess>& processes, std::uint64_t epoch) noexcept {
  return !processes.empty() &&
         std::ranges::all_of(processes, [epoch](const ApiProcess& each) { return each.epoch == epoch; });
}

TransitionInput Changer::input_of(const FlipRequest& request) const {
  return {.event = request.event,
          .by = {request.by.kind, line_of(request.by.name, kMaxActorBytes)},
          .why = line_of(request.why, kMaxWhyBytes),
          .now = context_.clock.now(),
          .new_salt = new_salt(),
          .plan = request.plan,
          .build = {}};
}

Error Changer::unreadable() const {
  std::string message =
      "the flip's record in Redis cannot be read or written now (" + follower_.problem() +
      "), and without it a fleet only goes down: force sync, abort, hold and back act on this process alone";
  return {"flip_store_unreadable", std::move(message), Retryable::kYes};
}

bullmq::awaitable<Result<FlipChange>> Changer::apply(FlipRequest request) {
  TransitionInput input = input_of(request);
  ChangeStory story{.event = std::string(event_name(request.event))};
  // The way down waits for nobody: it is decided on the record that this process acts on.
  const FlipRecord before = acting_.record();
  auto down = transition(before, input);
  if (down && is_lower(*down, before)) {
    auto going = go_down(before, std::move(*down), std::move(story));
    co_return co_await std::move(going);
  }
  std::vector<std::string> overrides = lines_of(request.overrides);
  auto going = go_up(std::move(input), std::move(story), std::move(overrides));
  co_return co_await std::move(going);
}

bullmq::awaitable<Result<FlipChange>> Changer::go_down(FlipRecord before, FlipRecord next,
                                                       ChangeStory story) {
  auto writing = write_down(std::move(next), std::move(story), std::nullopt);
  const bool stored = co_await std::move(writing);
  auto done = changed(std::move(before), stored);
  co_return co_await std::move(done);
}

// Acted on, kept as unmerged, then written. Where another change came first the two are merged.
bullmq::awaitable<bool> Changer::write_down(FlipRecord next, ChangeStory story,
                                            std::optional<std::string> fence) {
  acting_.act_on({.record = next, .unmerged = true});
  {
    const Follower::Writing writing = follower_.begin_writing();
    auto storing = follower_.store(std::move(next), std::move(story), std::move(fence));
    const Follower::Stored outcome = co_await std::move(storing);
    if (outcome == Follower::Stored::kSet) co_return true;
  }
  auto following = follower_.follow();
  const bool read = co_await std::move(following);
  co_return read && !acting_.local().unmerged;
}

bullmq::awaitable<Result<FlipChange>> Changer::go_up(TransitionInput input, ChangeStory story,
                                                     std::vector<std::string> overrides) {
  auto following = follower_.follow();
  const bool readable = co_await std::move(following);
  if (!readable || acting_.local().unmerged) co_return unreadable();
  const std::uint64_t version = acting_.version();
  const FlipRecord before = acting_.record();
  auto looking = look(std::nullopt);
  const Result<FleetLook> fleet = co_await std::move(looking);
  if (!fleet) co_return fleet.error();
  input.converged = is_converged(fleet->processes, before.epoch);
  if (input.event == FlipEvent::kStart) {
    auto asking = ask_queue();
    const std::optional<QueueFacts> queue = co_await std::move(asking);
    input.build = build_of(fleet->processes, queue).build;
  }
  input.cool_down_overridden = has(overrides, "cool_down");
  // The preflight takes its time, and is asked only where it decides.
  const bool decides = !transition(before, input).ok();
  input.preflight_passed = true;
  auto next = transition(before, input);
  if (!next) co_return next.error();
  if (decides) {
    auto asking = failing_rows();
    const std::vector<std::string> failing = co_await std::move(asking);
    std::string missing;
    for (const std::string& row : failing) {
      if (!has(overrides, row)) missing += (missing.empty() ? "" : ", ") + row;
      if (has(overrides, row)) story.overrides.push_back(row);
    }
    if (!missing.empty()) {
      co_return Error{"flip_preflight_failed",
                      "the preflight fails: " + missing + "; see its rows, or override them by name"}
          .with("rows", missing);
    }
  }
  if (input.cool_down_overridden && input.now < before.cool_down_until)
    story.overrides.emplace_back("cool_down");
  if (acting_.version() != version) {
    co_return Error{"flip_stale_epoch", "the flip has moved meanwhile: look at it again", Retryable::kYes};
  }
  auto storing = follower_.store(std::move(*next), std::move(story), std::nullopt);
  const Follower::Stored outcome = co_await std::move(storing);
  switch (outcome) {
    case Follower::Stored::kSet:
      break;
    case Follower::Stored::kStale:
    case Follower::Stored::kFenced:
      co_return Error{"flip_stale_epoch", "another change of the flip came first: look at it again",
                      Retryable::kYes};
    case Follower::Stored::kUnknown:
      co_return unreadable();
  }
  auto done = changed(before, true);
  co_return co_await std::move(done);
}

bullmq::awaitable<FlipChange> Changer::changed(FlipRecord before, bool stored) {
  FlipChange change;
  if (stored) {
    auto waiting = wait_for_acknowledgements();
    change.not_reached = co_await std::move(waiting);
  } else {
    for (const ApiProcess& process : last_seen_) {
      if (process.process != context_.process) change.not_reached.push_back(name_of(process));
    }
  }
  change.record = acting_.record();
  change.place = place_text(change.record);
  change.undo = undo_of(before, change.record);
  change.stored = stored;
  co_return change;
}

bullmq::awaitable<std::vector<std::string>> Changer::wait_for_acknowledgements() {
  const SteadyTime until = std::chrono::steady_clock::now() + context_.options.acknowledge_wait;
  std::vector<std::string> late;
  while (true) {
    auto following = follower_.follow();
    (void)co_await std::move(following);
    auto looking = look(std::nullopt);
    const Result<FleetLook> fleet = co_await std::move(looking);
    late.clear();
    for (const ApiProcess& process : last_seen_) {
      if (process.epoch != acting_.record().epoch) late.push_back(name_of(process));
    }
    if (!fleet || late.empty() || std::chrono::steady_clock::now() >= until) co_return late;
    boost::asio::steady_timer pause(context_.loop.context(), kBetweenLooks);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

bullmq::awaitable<Result<FleetLook>> Changer::look(std::optional<std::uint64_t> epoch) {
  try {
    auto looking = context_.records.look(epoch);
    Result<FleetLook> fleet = co_await std::move(looking);
    if (fleet) last_seen_ = fleet->processes;
    co_return fleet;
  } catch (const std::exception& error) {
    executor::note_caught(context_.faults, "flip_look");
    co_return Error{"flip_store_unreadable",
                    std::string("the fleet cannot be looked at now: ") + executor::words_of(error),
                    Retryable::kYes};
  }
}

bullmq::awaitable<std::optional<QueueFacts>> Changer::ask_queue() {
  executor::GenerationExecutor* const queue = context_.options.queue_executor;
  if (queue == nullptr) co_return std::nullopt;
  // It answers within its own command timeout.
  const auto patience = 3 * context_.options.queue.command_timeout;
  auto asking = answer_of<Result<executor::Fleet>>(
      context_.loop, context_.gate, patience,
      [queue](std::function<void(Result<executor::Fleet>)> done) { queue->fleet(std::move(done)); });
  const std::optional<Result<executor::Fleet>> fleet = co_await std::move(asking);
  if (!fleet || !*fleet) co_return std::nullopt;
  co_return queue_facts_of(**fleet);
}

bullmq::awaitable<std::vector<std::string>> Changer::failing_rows() {
  std::vector<std::string> none_is_known{"preflight"};
  if (!context_.options.preflight) co_return none_is_known;
  auto asking = answer_of<std::vector<std::string>>(context_.loop, context_.gate, kPreflightPatience,
                                                    context_.options.preflight);
  std::optional<std::vector<std::string>> rows = co_await std::move(asking);
  if (!rows) co_return none_is_known;
  co_return std::move(*rows);
}

bullmq::awaitable<void> Changer::carry_out(TickEvent event) {
  FlipRequest request{
      .event = event.event, .by = {ActorKind::kController, context_.process}, .why = event.verdict.why};
  TransitionInput input = input_of(request);
  input.preflight_passed = true;
  input.converged = event.converged;
  input.build = std::move(event.build);
  const FlipRecord before = acting_.record();
  auto next = transition(before, input);
  if (!next) {
    log::warn("flip.controller_refused", {{"event", event_name(event.event)}, {"why", next.error().message}});
    co_return;
  }
  ChangeStory story{.event = std::string(event_name(event.event)), .verdict = verdict_object(event.verdict)};
  if (is_lower(*next, before)) {
    auto writing = write_down(std::move(*next), std::move(story), std::move(event.fence));
    (void)co_await std::move(writing);
    co_return;
  }
  auto storing = follower_.store(std::move(*next), std::move(story), std::move(event.fence));
  (void)co_await std::move(storing);
}

}  // namespace shunt::flip

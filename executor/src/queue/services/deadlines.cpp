#include "queue/services/deadlines.hpp"

#include <functional>
#include <utility>

#include "queue/runtime/for_each_at_once.hpp"
#include "queue/runtime/generation_deadline.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;

constexpr const char* kDuty = "deadlines";
// Those that are due are ended together, with at least this long in between.
constexpr std::chrono::milliseconds kShortestPause{50};
// A generation whose deadline has passed while somebody ran it is asked about again after this long.
constexpr std::chrono::milliseconds kDeadlineLook{500};

}  // namespace

void Deadlines::start() {
  ending_ = run_when_due(
      context_.loop, context_.faults, kDuty, kShortestPause, [this] { return replicas_.next_deadline(); },
      [this] { return end_late_ones(); });
  replicas_.on_deadline_sooner([this](SteadyTime at) { ending_.due_by(at); });
}

void Deadlines::stop() {
  ending_.stop();
}

// Together, so that their calls of Redis are shared.
awaitable<void> Deadlines::end_late_ones() {
  using One = std::shared_ptr<Replica>;
  std::function<awaitable<void>(One)> end = [this](One replica) { return end_if_late(std::move(replica)); };
  std::vector<One> late = replicas_.past_deadline(context_.clock.steady_now());
  co_await for_each_at_once<One>(context_.loop, context_.faults, kDuty, std::move(late), kEndedAtOnce,
                                 std::move(end));
}

awaitable<void> Deadlines::end_if_late(std::shared_ptr<Replica> replica) {
  const SteadyTime now = context_.clock.steady_now();
  const bool running = replica->generation->state() == GenerationState::kRunning;
  const auto grace = running ? context_.grace_of(replica->model) : std::chrono::milliseconds(0);
  const bool late = replica->deadline != SteadyTime::max() && now >= replica->deadline + grace;
  const bool never_stopped = replica->cancel_requested && now >= replica->cancelled_at + grace;
  if (!late && !never_stopped) {
    if (now >= replica->deadline && now >= replica->next_deadline_look)
      co_await end_waiting_for_retry(replica);
    co_return;
  }
  const std::uint64_t next = replica->log_sequence() + 1;
  std::vector<GenerationEvent> end;
  if (late) {
    const auto record = replica->generation->record(Generation::Detail::kSummary);
    end.push_back({next, context_.clock.now(), event::Failed{deadline_exceeded(record)}});
  } else {
    end.push_back({next, context_.clock.now(), event::Cancelled{"the worker did not stop in time"}});
  }
  const auto attempt = running ? std::nullopt : std::optional<std::uint64_t>(0);
  const bool ended = co_await ends_.append(replica->id, attempt, std::move(end));
  if (ended) {
    co_await jobs_.try_to_remove(context_.keys.queue(replica->model), replica->id);
  } else {
    co_await follower_.read_log(replica->id);
  }
}

// Between two attempts it is running for its clients, and nobody is there to end it.
awaitable<void> Deadlines::end_waiting_for_retry(std::shared_ptr<Replica> replica) {
  replica->next_deadline_look = context_.clock.steady_now() + kDeadlineLook;
  std::vector<std::string> one{replica->id};
  auto answered = co_await context_.records.look_at_jobs(std::move(one));
  const auto answers = value_or_throw(std::move(answered));
  const Result<JobLookAnswer>& answer = answers.front();
  const auto* const found = answer ? std::get_if<LookedAt>(&*answer) : nullptr;
  if (found == nullptr || found->state != GenerationState::kRunning || !found->worker.empty()) co_return;
  const auto record = replica->generation->record(Generation::Detail::kSummary);
  std::vector<GenerationEvent> end;
  end.push_back({found->sequence + 1, context_.clock.now(), event::Failed{deadline_exceeded(record)}});
  const bool ended = co_await ends_.append(replica->id, found->attempt, std::move(end));
  if (ended) co_await jobs_.try_to_remove(context_.keys.queue(replica->model), replica->id);
}

}  // namespace shunt::executor

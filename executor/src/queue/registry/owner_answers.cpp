// SyncRegistry: what other processes ask of this one's generations.
#include <functional>
#include <iterator>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/registry/sync_registry.hpp"
#include "shunt/executor/redis/redis_fault.hpp"
#include "shunt/generation/event_codec.hpp"

namespace shunt::executor {

using bullmq::awaitable;

namespace {

// More questions at once are not answered: whoever asks comes again.
constexpr std::size_t kMostAnswers = 1'000;
// A generation that has been entered is placed within this time, or was refused.
constexpr std::chrono::seconds kPlaced{1};

}  // namespace

awaitable<void> SyncRegistry::answer(GenerationId id, OwnerAsked asked) {
  if (answering_ >= kMostAnswers) {
    context_.faults.note(FaultLog::Source::kPlace, "owner_answers", FaultLog::Kind::kUnavailable,
                         "too many processes ask at once");
    co_return;
  }
  ++answering_;
  try {
    AskerAnswer found = co_await gather(id, asked.what);
    found.asker = std::move(asked.asker);
    co_await context_.sync_records.answer(std::move(found));
  } catch (...) {
    // Whoever asked comes again.
    note_caught(context_.faults, "owner_answers");
  }
  --answering_;
}

awaitable<AskerAnswer> SyncRegistry::gather(GenerationId id, OwnerRequest what) {
  AskerAnswer answer;
  answer.id = id.to_string();
  answer.answered = {what, OwnerAnswer::kAbsent};
  const std::shared_ptr<Generation> generation = co_await find_placed(id);
  if (!generation) co_return answer;
  if (what == OwnerRequest::kRequest) {
    answer.request = generation->envelope_text();
    if (!answer.request.empty()) answer.answered.answer = OwnerAnswer::kDone;
    co_return answer;
  }
  Entry entry = find(id);
  if (entry && !entry->ended) {
    const bool followed = co_await follow_open(entry);
    if (followed) {
      answer.log_here = true;
      answer.answered.answer = OwnerAnswer::kDone;
      co_return answer;
    }
  }
  if (!entry) {
    // It has ended, and that was told once. Should it not have come there, it does now.
    entry = std::make_shared<RegistryEntry>();
    entry->id = id;
    entry->generation = generation;
    entry->sent = true;
    entry->entered = true;
    entry->ended = true;
    entries_[id] = entry;
    enqueue(entry);
  }
  // "Could not be stored" would be final, and Redis is away for a moment only: whoever asked comes again.
  const bool told = co_await settle(id);
  if (!told) throw bullmq::RedisError("the end of a generation cannot be told to Redis now");
  co_await add_whole_log(generation, answer);
  co_return answer;
}

awaitable<std::shared_ptr<Generation>> SyncRegistry::find_placed(GenerationId id) {
  take_notices();
  const Entry entry = find(id);
  if (entry && !entry->generation) {
    std::function<bool()> placed = [this, entry] {
      return entry->generation != nullptr || entry->withdrawn || stopped_;
    };
    (void)co_await changed_.wait_until(context_.clock.steady_now() + kPlaced, std::move(placed));
  }
  if (entry) co_return entry->generation;
  const GenerationStore::Lookup found = core_->store().find(id);
  const auto* const generation = std::get_if<std::shared_ptr<Generation>>(&found);
  co_return generation == nullptr || !is_terminal((*generation)->state()) ? nullptr : *generation;
}

void SyncRegistry::begin_log(const Entry& entry) {
  if (entry->log) return;
  std::weak_ptr<RegistryEntry> weak = entry;
  auto changed = [this, weak] {
    const Entry followed = weak.lock();
    if (!followed || stopped_) return;
    // Redis has lost the record, or somebody else has ended it: entering it again tells.
    if (followed->log && followed->log->state() == OwnerLog::State::kRefused) followed->entered = false;
    enqueue(followed);
    changed_.notify_all();
    if (!line_.empty()) wake();
  };
  auto cancel = [core = core_, id = entry->generation->id()](std::string reason) {
    (void)core->cancel(id, std::move(reason));
  };
  entry->log = std::make_shared<OwnerLog>(context_, entry->generation, std::move(changed), std::move(cancel));
  context_.launch(OwnerLog::run(entry->log));
}

// Whether the record has what there was when it was asked for; from then on it gets the rest.
awaitable<bool> SyncRegistry::follow_open(Entry entry) {
  const std::uint64_t there = entry->generation->last_sequence();
  begin_log(entry);
  const std::shared_ptr<OwnerLog> log = entry->log;
  const SteadyTime until = context_.clock.steady_now() + context_.options.queue.command_timeout;
  std::function<bool()> caught_up = [log, there] {
    return log->written() >= there || log->state() != OwnerLog::State::kOpen;
  };
  (void)co_await changed_.wait_until(until, std::move(caught_up));
  co_return log->written() >= there || log->state() == OwnerLog::State::kFailed;
}

// For one whose record has only its end; of the others this is nothing new.
awaitable<void> SyncRegistry::add_whole_log(std::shared_ptr<Generation> generation, AskerAnswer& answer) {
  const auto watch = generation->watch({.after_sequence = 1});
  std::vector<GenerationEvent> events;
  while (!watch->ended() && !watch->lost()) {
    std::vector<GenerationEvent> some = watch->read();
    if (some.empty()) break;
    std::move(some.begin(), some.end(), std::back_inserter(events));
  }
  // Its store may have let go of it.
  if (events.empty() || !events.back().terminal()) co_return;
  LargeOutputs outputs({.loop = context_.loop,
                        .records = context_.records,
                        .artifacts = context_.artifacts,
                        .files = context_.files,
                        .faults = context_.faults,
                        .max_inline_bytes = context_.options.queue.max_inline_bytes,
                        .memory = *context_.options.memory},
                       answer.id, [this] { return stopped_; });
  for (GenerationEvent& event : events) {
    const std::optional<Error> failure = co_await outputs.store(event.payload);
    if (!failure) continue;
    answer.answered.answer = OwnerAnswer::kFailed;
    co_return;
  }
  answer.answered.answer = OwnerAnswer::kDone;
  answer.log_here = true;
  answer.sequence = events.back().sequence;
  answer.events = encode_events(events);
}

}  // namespace shunt::executor

#include "queue/registry/sync_registry.hpp"

#include <algorithm>
#include <functional>

#include "bullmq/error.hpp"
#include "shunt/base/log.hpp"
#include "shunt/executor/redis/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {

using bullmq::awaitable;

namespace {

// What begins and ends within this time shares a call, unless somebody waits for it.
constexpr std::chrono::milliseconds kLinger{2};
// Between two looks at what became of a key that another process is about to admit; doubles.
constexpr std::chrono::milliseconds kFirstPause{25};
constexpr std::chrono::milliseconds kLongestPause{200};
// Entries that have ended while Redis was away, and withdrawals, are kept up to this number.
constexpr std::size_t kMostKept = 10'000;
// So many may wait to be entered. Beyond, what ends before it was is known to this process alone.
constexpr std::size_t kMostInLine = 10'000;
// The room for notices that is kept when a burst is over.
constexpr std::size_t kKeptNotices = 4'096;
// So long that it shares its wakes with other duties.
constexpr std::chrono::seconds kRetryInterval{2};

}  // namespace

SyncRegistry::SyncRegistry(QueueContext& context, EndWriter& ends, OwnerLeases& leases)
    : context_(context),
      ends_(ends),
      leases_(leases),
      inbox_(std::make_shared<RunInbox>(context.loop, [this] { wake(); })),
      changed_(context.loop) {}

void SyncRegistry::start() {
  bullmq::Redis& connection = context_.submit_connection;
  subscriptions_.push_back(connection.on_up().subscribe([this] {
    was_connected_ = true;
    redis_is_back();
  }));
  subscriptions_.push_back(
      connection.on_down().subscribe([this] { redis_is_away("the connection to Redis was lost"); }));
}

void SyncRegistry::serve(std::shared_ptr<SyncCore> core) {
  core_ = std::move(core);
  core_->watch_runs(inbox_);
  leases_.own();
  trying_again_ = run_periodically(context_.loop, context_.faults, "registry", kRetryInterval,
                                   [this] { return try_again(); });
}

void SyncRegistry::stop() {
  stopped_ = true;
  inbox_->close();
  trying_again_.stop();
  subscriptions_.clear();
  for (const auto& [id, entry] : entries_) {
    if (entry->log) entry->log->stop();
  }
  changed_.notify_all();
}

void SyncRegistry::observe(Observed what) const {
  if (context_.options.observer != nullptr) context_.options.observer->registry(what);
}

SyncRegistry::Entry SyncRegistry::find(const GenerationId& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second;
}

void SyncRegistry::take_notices() {
  while (take_some()) {
  }
}

bool SyncRegistry::take_some() {
  inbox_->take(notices_);
  if (notices_.empty()) return false;
  for (RunInbox::Notice& notice : notices_) {
    if (notice.ended) {
      note_ended(notice.generation->id());
    } else {
      note_placed(std::move(notice.generation));
    }
  }
  notices_.clear();
  if (notices_.capacity() > kKeptNotices) notices_.shrink_to_fit();
  changed_.notify_all();
  return true;
}

void SyncRegistry::note_placed(std::shared_ptr<Generation> generation) {
  Entry& known = entries_[generation->id()];
  if (!known) {
    known = std::make_shared<RegistryEntry>();
    known->id = generation->id();
  }
  const Entry entry = known;
  entry->generation = std::move(generation);
  if (entry->log_follows) begin_log(entry);
  if (away_) keep_for_later(entry);
  enqueue(entry);
}

void SyncRegistry::note_ended(const GenerationId& id) {
  const Entry entry = find(id);
  if (!entry) return;
  entry->ended = true;
  if (away_) {
    keep_for_later(entry);
  } else if (!entry->waiting && !has_room_for(*entry)) {
    return leave_out(entry);
  }
  enqueue(entry);
}

// Redis takes fewer than there are, and what waits must not grow for ever.
bool SyncRegistry::has_room_for(const RegistryEntry& entry) const {
  return line_.size() < kMostInLine || entry.sent || entry.claim || entry.log_follows;
}

void SyncRegistry::leave_out(const Entry& entry) {
  if (!std::exchange(behind_logged_, true)) log::warn("registry.behind", {{"waiting", line_.size()}});
  observe(Observed::kLocal);
  entries_.erase(entry->id);
}

// With Redis away: what has ended and was never entered need not be known elsewhere any more, unless its key
// is.
void SyncRegistry::keep_for_later(const Entry& entry) {
  if (entry->generation && !entry->entered && !std::exchange(entry->local, true)) observe(Observed::kLocal);
  if (!entry->ended) return;
  const bool needed = entry->sent || entry->claim;
  if (!needed || entries_.size() > kMostKept) entries_.erase(entry->id);
}

// While Redis is away nothing stands in line: on its return all entries do.
void SyncRegistry::enqueue(const Entry& entry) {
  if (away_ || entry->waiting || next_step(*entry) == RegistryStep::kNone) return;
  if (!has_room_for(*entry)) {
    passed_over_ = true;
    return;
  }
  entry->waiting = true;
  line_.push_back(entry);
}

// Those for which there was no room, and which are still open.
void SyncRegistry::enqueue_passed_over() {
  if (!line_.empty() || !std::exchange(passed_over_, false)) return;
  behind_logged_ = false;
  for (const auto& [id, entry] : entries_) enqueue(entry);
}

void SyncRegistry::wake() {
  if (stopped_) return;
  // The inbox is emptied also while a call is on its way, however long that takes.
  if (flushing_) return void(take_some());
  flushing_ = true;
  context_.launch(flush());
}

awaitable<void> SyncRegistry::flush() {
  try {
    co_await send_line();
  } catch (...) {
    note_caught(context_.faults, "registry");
  }
  flushing_ = false;
}

awaitable<void> SyncRegistry::send_line() {
  while (!stopped_) {
    take_notices();
    enqueue_passed_over();
    // From here to the end nothing is waited for: a notice that comes later wakes again.
    if (away_ || line_.empty()) break;
    const bool full = line_.size() >= SyncRecords::kMostRegistrations;
    if (!urgent_ && !full) {
      std::function<bool()> hurried = [this] { return urgent_ || away_ || stopped_; };
      (void)co_await changed_.wait_until(context_.clock.steady_now() + kLinger, std::move(hurried));
      take_notices();
    }
    urgent_ = false;
    co_await send_batch();
    changed_.notify_all();
  }
}

awaitable<void> SyncRegistry::send_batch() {
  std::vector<Sent> sent;
  std::vector<Registration> registrations;
  const std::size_t most = std::min(line_.size(), SyncRecords::kMostRegistrations);
  sent.reserve(most);
  registrations.reserve(most);
  while (!line_.empty() && sent.size() < SyncRecords::kMostRegistrations) {
    const Entry entry = std::move(line_.front());
    line_.pop_front();
    entry->waiting = false;
    const RegistryStep step = next_step(*entry);
    if (step == RegistryStep::kNone) continue;
    entry->sent = true;
    registrations.push_back(make_registration(*entry, step, context_.options.queue.retention));
    sent.push_back({entry, registrations.back().end.has_value()});
  }
  if (sent.empty()) co_return;
  std::vector<Result<RegisterAnswer>> answers;
  std::string failure;
  try {
    answers = co_await context_.registrations.enter(std::move(registrations), context_.options.queue.lease);
  } catch (const std::exception& error) {
    note_caught(context_.faults, "register");
    failure = error.what();
  }
  if (!failure.empty()) {
    redis_is_away(failure);
    // One that has ended is told when Redis is back: the call may have come there, and its answer not here.
    for (const Sent& one : sent) {
      if (!one.entry->ended) keep_for_later(one.entry);
    }
    co_return;
  }
  if (std::exchange(away_logged_, false)) log::info("registry.redis_back", {{"open", entries_.size()}});
  for (std::size_t i = 0; i < sent.size(); ++i)
    finish(sent[i].entry, sent[i].told_end, std::move(answers[i]));
}

void SyncRegistry::finish(const Entry& entry, bool told_end, Result<RegisterAnswer> answer) {
  switch (apply_answer(*entry, told_end, answer)) {
    case RegistryFinding::kNothing:
    case RegistryFinding::kRefused:
      break;
    case RegistryFinding::kDouble:
      observe(Observed::kDouble);
      log::warn("registry.double", {{"id", entry->id.to_string()}});
      break;
    case RegistryFinding::kOvertaken:
      observe(Observed::kOvertaken);
      log::warn("registry.overtaken", {{"id", entry->id.to_string()}});
      break;
    case RegistryFinding::kBroken:
      context_.broken.tell("registration", entry->id.to_string(), answer.error().message);
      break;
  }
  entry->answer = std::move(answer);
  if (entry->told) {
    entries_.erase(entry->id);
  } else if (entry->generation) {
    // The record is a new one.
    const bool log_lost = entry->log && entry->log->state() == OwnerLog::State::kRefused;
    if (log_lost) entry->log.reset();
    if (log_lost && entry->entered && entry->log_follows) begin_log(entry);
    enqueue(entry);
  }
}

void SyncRegistry::redis_is_away(std::string why) {
  away_because_ = std::move(why);
  away_ = true;
  for (const Entry& entry : line_) entry->waiting = false;
  line_.clear();
  if (core_ && !std::exchange(away_logged_, true))
    log::warn("registry.redis_away", {{"reason", away_because_}, {"open", entries_.size()}});
  changed_.notify_all();
}

// It may be another server, or have lost what it had: what is open is entered again.
void SyncRegistry::redis_is_back() {
  if (stopped_) return;
  away_ = false;
  for (const auto& [id, entry] : entries_) {
    entry->entered = entry->entered && entry->ended;
    enqueue(entry);
  }
  changed_.notify_all();
  wake();
}

// A server that is there and refused, as one that is full does, says nothing when that is over.
awaitable<void> SyncRegistry::try_again() {
  if (away_ && context_.submit_connection.is_up()) redis_is_back();
  if (away_) co_return;
  for (std::size_t left = withdrawals_.size(); left > 0; --left) {
    auto [id, claim] = std::move(withdrawals_.front());
    withdrawals_.pop_front();
    co_await take_back(std::move(id), std::move(claim));
  }
}

void SyncRegistry::on_notification(const std::string& id, const Notification& notification) {
  if (!core_ || stopped_) return;
  const auto parsed = GenerationId::parse(id);
  if (!parsed) return;
  if (const auto* cancel = std::get_if<CancelRequested>(&notification)) {
    (void)core_->cancel(*parsed, cancel->reason);
  } else if (std::holds_alternative<GenerationDeleted>(notification)) {
    (void)core_->remove(*parsed);
  } else if (const auto* asked = std::get_if<OwnerAsked>(&notification)) {
    context_.launch(answer(*parsed, *asked));
  }
}

awaitable<void> SyncRegistry::wait_for_connection(SteadyTime until) {
  if (was_connected_) co_return;
  std::function<bool()> settled = [this] { return was_connected_ || stopped_; };
  (void)co_await changed_.wait_until(until, std::move(settled));
}

awaitable<SyncRegistry::EnterOutcome> SyncRegistry::enter(Candidate candidate) {
  const SteadyTime until = context_.clock.steady_now() + context_.options.queue.enqueue_deadline;
  co_await wait_for_connection(until);
  const auto entry = std::make_shared<RegistryEntry>();
  entry->id = candidate.id;
  entry->model = std::move(candidate.model);
  entry->caller = std::move(candidate.caller);
  entry->created_at = candidate.created_at;
  entry->timeout = candidate.timeout;
  entry->head = std::move(candidate.head);
  entry->claim = std::move(candidate.claim);
  entry->log_follows = !candidate.request.empty();
  entry->request = std::move(candidate.request);
  entries_[entry->id] = entry;
  auto pause = kFirstPause;
  while (!away_) {
    entry->answer.reset();
    enqueue(entry);
    urgent_ = true;
    changed_.notify_all();
    wake();
    std::function<bool()> answered = [this, entry] { return entry->answer || away_ || stopped_; };
    (void)co_await changed_.wait_until(until, std::move(answered));
    if (!entry->answer) break;
    const Result<RegisterAnswer> answer = *entry->answer;
    if (answer && std::holds_alternative<Registered>(*answer)) co_return Entered{};
    const auto* const held = answer ? std::get_if<KeyHeld>(&*answer) : nullptr;
    if (held == nullptr || !held->lost) {
      entries_.erase(entry->id);
      if (!answer) co_return answer.error();
      if (held != nullptr) co_return *held;
      if (const auto* conflict = std::get_if<KeyConflict>(&*answer)) co_return *conflict;
      if (std::holds_alternative<ClaimsFull>(*answer)) co_return ClaimsFull{};
      co_return Error{error_code::kQueueUnavailable,
                      "Redis has another end of the generation than it can have", Retryable::kYes};
    }
    // Whoever claimed the key is about to add its job to the queue, or was lost before it did.
    const SteadyTime now = context_.clock.steady_now();
    if (context_.clock.now() - held->holder.created_at() >= 2 * context_.options.queue.enqueue_deadline) {
      co_await free_lost_key(held->holder);
    }
    if (now >= until) {
      entries_.erase(entry->id);
      co_return Error{error_code::kQueueUnavailable,
                      "another request with this Idempotency-Key is being admitted", Retryable::kYes};
    }
    co_await changed_.wait_for_change(std::min(until, now + pause));
    pause = std::min(2 * pause, kLongestPause);
  }
  if (entry->claim) entry->claim->must_be_won = false;
  co_return RedisAway{away_ ? away_because_ : "Redis did not answer in time"};
}

// Ends a generation that never came into its queue, unless its job has come after all: its key is free then.
awaitable<void> SyncRegistry::free_lost_key(GenerationId holder) {
  try {
    UnreportedGeneration lost;
    (void)co_await ends_.report(holder.to_string(), std::move(lost));
  } catch (...) {
    note_caught(context_.faults, "free_lost_key");
  }
}

void SyncRegistry::withdraw(const GenerationId& id) {
  const Entry entry = find(id);
  if (!entry) return;
  entry->withdrawn = true;
  entries_.erase(id);
  std::string claim = entry->claim ? entry->claim->name : std::string();
  // On the connection of the registration, so behind it.
  context_.launch(take_back(id.to_string(), std::move(claim)));
}

awaitable<void> SyncRegistry::take_back(std::string id, std::string claim) {
  bool failed = away_;
  try {
    if (!failed) co_await context_.registrations.withdraw(id, claim);
  } catch (...) {
    note_caught(context_.faults, "withdraw");
    failed = true;
  }
  if (failed && withdrawals_.size() < kMostKept) withdrawals_.emplace_back(std::move(id), std::move(claim));
}

awaitable<bool> SyncRegistry::settle(GenerationId id) {
  take_notices();
  urgent_ = true;
  changed_.notify_all();
  wake();
  const SteadyTime until = context_.clock.steady_now() + context_.options.queue.command_timeout;
  std::function<bool()> told = [this, id] { return !entries_.contains(id) || away_ || stopped_; };
  (void)co_await changed_.wait_until(until, std::move(told));
  co_return !entries_.contains(id);
}

awaitable<void> SyncRegistry::leave(std::chrono::milliseconds limit) {
  take_notices();
  urgent_ = true;
  changed_.notify_all();
  wake();
  std::function<bool()> all_told = [this] {
    return away_ || stopped_ ||
           std::ranges::none_of(entries_, [](const auto& entry) { return entry.second->ended; });
  };
  (void)co_await changed_.wait_until(context_.clock.steady_now() + limit, std::move(all_told));
  co_await leases_.leave();
}

}  // namespace shunt::executor

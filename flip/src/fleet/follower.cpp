#include "fleet/follower.hpp"

#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "shunt/base/log.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::flip {
namespace {

using executor::note_caught;

// How long one read waits for a change, and by how much its answer may be late before the connection is taken
// for dead.
constexpr std::chrono::milliseconds kBlock{25'000};
constexpr std::chrono::milliseconds kMargin{2'000};
// While the store cannot be read it is tried this often, in place of the poll.
constexpr std::chrono::milliseconds kTroubledPoll{1'000};
constexpr std::chrono::milliseconds kBetweenFollows{20};
// Changes of others that may come between reading and storing; then the next poll goes on.
constexpr int kMostTurns = 8;

std::string host_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return host.data();
}

}  // namespace

void Follower::start() {
  started_at_ = context_.clock.now();
  // The first read waits for the connection, or for the news that there is none.
  next_ = context_.clock.steady_now() + context_.options.first_read;
  bullmq::Redis& connection = context_.records.commands();
  subscriptions_.push_back(connection.on_up().subscribe([this] { following_.run_now(); }));
  subscriptions_.push_back(connection.on_down().subscribe([this] { following_.run_now(); }));
  subscriptions_.push_back(connection.on_error().subscribe([this](const std::exception&) {
    if (!has_answered()) following_.run_now();
  }));
  following_ = executor::run_when_due(
      context_.loop, context_.faults, "flip_follow", kBetweenFollows, [this] { return next_; },
      [this] { return follow_when_due(); });
  context_.launch(listen());
}

void Follower::stop() {
  stopped_ = true;
  subscriptions_.clear();
  following_.stop();
}

std::chrono::milliseconds Follower::unreadable_for() const {
  if (!unreadable_since_) return std::chrono::milliseconds(0);
  return std::chrono::duration_cast<std::chrono::milliseconds>(context_.clock.steady_now() -
                                                               *unreadable_since_);
}

std::chrono::milliseconds Follower::undriven_for() const {
  if (!undriven_since_) return std::chrono::milliseconds(0);
  return std::chrono::duration_cast<std::chrono::milliseconds>(context_.clock.steady_now() -
                                                               *undriven_since_);
}

ApiProcess Follower::self() const {
  static const std::string kHost = host_name();
  return {.process = context_.process,
          .host = kHost,
          .pid = ::getpid(),
          .epoch = acting_.record().epoch,
          .version = context_.options.version,
          .build = context_.build,
          .started_at = started_at_};
}

Follower::Writing Follower::begin_writing() {
  ++*writing_;
  return {nullptr, [count = writing_](void*) { --*count; }};
}

bullmq::awaitable<void> Follower::follow_when_due() {
  const bool read = co_await follow();
  // A rollout that nobody drives is as little watched as one whose figures nobody can read.
  acting_.look_around(std::max(unreadable_for(), undriven_for()));
  const auto pause = read ? context_.options.poll : std::min(context_.options.poll, kTroubledPoll);
  next_ = context_.clock.steady_now() + pause;
  context_.changed();
}

bullmq::awaitable<bool> Follower::follow() {
  for (int turn = 0; turn < kMostTurns && !stopped_; ++turn) {
    const std::uint64_t version = acting_.version();
    const std::uint64_t told_epoch = acting_.local().provisional ? 0 : acting_.record().epoch;
    Result<FollowAnswer> answer = Error{};
    try {
      ApiProcess told = self();
      told.epoch = told_epoch;
      FlipRecords::Telling telling{.lease = lease_text(told),
                                   .duration = context_.options.lease,
                                   .known = stored_ ? head_ : StoredHead{}};
      answer = co_await context_.records.follow(std::move(telling));
    } catch (const std::exception& error) {
      if (!stopped_) note_caught(context_.faults, FaultLog::Source::kDuty, "flip_follow");
      unreadable(executor::words_of(error));
      co_return false;
    }
    if (!answer) {
      ++context_.counts.refused_records;
      unreadable(answer.error().message);
      co_return false;
    }
    readable();
    const Turn next = co_await digest(std::move(*answer), version, told_epoch);
    if (next == Turn::kDone) co_return true;
  }
  co_return is_readable();
}

// What the answer says of the record, unless something else is acted on by now. Again: the lease has to tell
// of another epoch, or the store has to be read once more.
bullmq::awaitable<Follower::Turn> Follower::digest(FollowAnswer answer, std::uint64_t version,
                                                   std::uint64_t told_epoch) {
  fence_ = std::move(answer.fence);
  if (answer.driven) {
    undriven_since_.reset();
  } else if (!undriven_since_) {
    undriven_since_ = context_.clock.steady_now();
    log::warn("flip.nobody_drives", {{"place", place_text(acting_.record())}});
  }
  head_ = std::move(answer.head);
  remember_entry();
  if (!answer.same) stored_ = std::move(answer.record);
  if (acting_.version() != version) co_return Turn::kAgain;
  if (acting_.local().unmerged && *writing_ > 0) co_return Turn::kDone;
  const Following following = flip::follow(stored_, acting_.local(), acting_.first());
  if (following.step != FollowStep::kStore) {
    acting_.act_on({.record = following.record});
    co_return acting_.record().epoch == told_epoch ? Turn::kDone : Turn::kAgain;
  }
  const bool merges = following.event == "merged";
  ChangeStory story{.event = std::string(following.event)};
  FlipRecord next = following.record;
  const Stored stored = co_await store(std::move(next), std::move(story), std::nullopt);
  if (stored == Stored::kUnknown) co_return Turn::kDone;
  if (stored == Stored::kSet && merges) ++context_.counts.merges;
  co_return Turn::kAgain;
}

bullmq::awaitable<Follower::Stored> Follower::store(FlipRecord next, ChangeStory story,
                                                    std::optional<std::string> fence) {
  const std::uint64_t version = acting_.version();
  // Where Redis was wiped the chain goes on: files have what came before.
  const StoredHead& last = head_.seq == 0 ? chain_ : head_;
  FlipRecords::Change change{.from = head_,
                             .seq = last.seq,
                             .previous = last.audit_hash,
                             .epoch = next.epoch,
                             .text = record_text(next),
                             .entry = {},
                             .fence = std::move(fence)};
  // What nobody could read is not written.
  if (const auto readable = parse_record(change.text); !readable || !(*readable == next)) {
    context_.faults.note(FaultLog::Source::kPlace, "flip_change", FaultLog::Kind::kFault,
                         readable ? "a record reads back as another one" : readable.error().message);
    co_return Stored::kUnknown;
  }
  AuditEntry& entry = change.entry;
  entry.at = context_.clock.now();
  entry.event = std::move(story.event);
  entry.by = next.by;
  entry.why = next.why;
  entry.from = stored_ ? place_text(*stored_) : "";
  entry.to = place_text(next);
  entry.salt = next.salt;
  entry.overrides = std::move(story.overrides);
  entry.verdict = std::move(story.verdict);
  entry.undo = undo_of(stored_.value_or(next), next);
  Result<ChangeAnswer> answer = Error{};
  try {
    answer = co_await context_.records.change(std::move(change));
  } catch (const std::exception& error) {
    note_caught(context_.faults, "flip_change");
    problem_ = executor::words_of(error);
    co_return Stored::kUnknown;
  }
  if (!answer) {
    problem_ = answer.error().message;
    context_.faults.note(FaultLog::Source::kPlace, "flip_change", FaultLog::Kind::kFault, problem_);
    co_return Stored::kUnknown;
  }
  if (std::holds_alternative<ChangeFenced>(*answer)) co_return Stored::kFenced;
  if (std::holds_alternative<ChangeStale>(*answer)) {
    ++context_.counts.lost_races;
    co_return Stored::kStale;
  }
  head_ = std::get<ChangeSet>(*answer).head;
  remember_entry();
  stored_ = next;
  if (acting_.version() == version) acting_.act_on({.record = std::move(next)});
  following_.run_now();
  co_return Stored::kSet;
}

void Follower::remember_entry() {
  if (head_.seq > 0) chain_ = head_;
}

void Follower::readable() {
  if (unreadable_since_) log::info("flip.store_readable", {{"after_ms", unreadable_for().count()}});
  read_once_ = true;
  unreadable_since_.reset();
  problem_.clear();
  acting_.look_around(undriven_for());
}

void Follower::unreadable(const std::string& why) {
  fence_.reset();
  problem_ = why;
  if (stopped_ || unreadable_since_) return;
  unreadable_since_ = context_.clock.steady_now();
  log::warn("flip.store_unreadable", {{"why", why}, {"stays_in", place_text(acting_.record())}});
}

// Entries are pushed: a change reaches every process within milliseconds. What is missed here the poll finds.
bullmq::awaitable<void> Follower::listen() {
  while (!stopped_) {
    bool failed = false;
    try {
      co_await listen_once();
    } catch (...) {
      if (!stopped_) note_caught(context_.faults, "flip_changes");
      failed = true;
    }
    if (stopped_) break;
    if (!failed) continue;
    position_.clear();
    boost::asio::steady_timer pause(context_.loop.context(), kTroubledPoll);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

bullmq::awaitable<void> Follower::listen_once() {
  // Also when nothing came: should somebody have removed the stream, what comes next would look older than
  // what was read, and never arrive.
  const StreamLines last = co_await context_.records.last_entries(1);
  const std::string newest = last.position.empty() ? "0-0" : last.position;
  if (newest != position_) {
    position_ = newest;
    following_.run_now();
    announce();
  }
  std::string position = position_;
  const StreamLines lines = co_await context_.records.wait_for_change(std::move(position), kBlock, kMargin);
  if (stopped_ || lines.position.empty()) co_return;
  position_ = lines.position;
  following_.run_now();
  announce();
}

void Follower::announce() {
  entries_.emit([this] { note_caught(context_.faults, "flip_entries"); });
}

}  // namespace shunt::flip

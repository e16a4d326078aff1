// Commands come in, wait in lists, and leave with an outcome. multiplexer_answers.cpp has what answers mean.
#include "redis/multiplexer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "bullmq/error.hpp"

namespace bullmq::detail {
namespace {

// A query that is the next to be answered whenever the connection breaks is probably what breaks it (its
// answer overruns the server's output buffer, say): it is not sent again for ever.
constexpr unsigned kMaxBroke = 3;

// Stands for a command that nobody waits for any more, and takes the replies that still come for it.
class Shadow final : public Pending {
 public:
  void complete(std::exception_ptr, Reply) override {}
};

template <typename ErrorType, typename... Args>
std::exception_ptr make_error(Args&&... args) {
  return std::make_exception_ptr(ErrorType(std::forward<Args>(args)...));
}

}  // namespace

Multiplexer::~Multiplexer() {
  for (PendingList* list : {&unsent_, &to_resend_, &sent_, &paused_, &elsewhere_}) {
    list->clear_and_dispose([](Pending* pending) { delete pending; });
  }
}

std::optional<Completion> Multiplexer::submit(std::unique_ptr<Pending> pending, const Refusal& refusal,
                                              Instant now) {
  pending->deadline = now + timeout_of(pending->command);
  const std::size_t bytes = pending->command.bytes.size();
  std::string why;
  if (refusal.is_closed) {
    why = "Connection is closed.";
  } else if (refusal.is_away) {
    why = "not connected to Redis: " + refusal.last_error;
  } else if (unsent_bytes_ + bytes > options_.max_unsent_bytes) {
    why = "the queue of unsent commands is full: max_unsent_bytes is " +
          std::to_string(options_.max_unsent_bytes) + ", " + std::to_string(unsent_bytes_) + " bytes wait";
  }
  if (!why.empty())
    return Completion{std::move(pending), make_error<ConnectionError>(Fate::not_executed, why), {}};
  unsent_bytes_ += bytes;
  pending->sequence = ++last_sequence_;
  watch_deadline(*pending);
  pending->state = Pending::State::unsent;
  unsent_.push_back(*pending.release());
  return std::nullopt;
}

std::optional<Completion> Multiplexer::cancel(Pending& pending) {
  if (pending.state == Pending::State::decided) return std::nullopt;
  const bool may_be_executed =
      pending.state == Pending::State::sent || pending.state == Pending::State::elsewhere;
  const Fate fate = may_be_executed ? Fate::unknown : Fate::not_executed;
  return Completion{take(pending), make_error<CancelledError>(fate), {}};
}

void Multiplexer::unlink(Pending& pending) {
  switch (std::exchange(pending.state, Pending::State::decided)) {
    case Pending::State::decided:
      break;
    case Pending::State::unsent:
      unsent_bytes_ -= pending.command.bytes.size();
      unsent_.erase(unsent_.iterator_to(pending));
      break;
    case Pending::State::to_resend:
      unsent_bytes_ -= pending.command.bytes.size();
      to_resend_.erase(to_resend_.iterator_to(pending));
      break;
    case Pending::State::sent:
      sent_.erase(sent_.iterator_to(pending));
      break;
    case Pending::State::paused:
      paused_.erase(paused_.iterator_to(pending));
      break;
    case Pending::State::elsewhere:
      elsewhere_.erase(elsewhere_.iterator_to(pending));
      break;
  }
}

// Out of the lists, into the hands of who completes it. What was sent leaves a shadow for its replies.
std::unique_ptr<Pending> Multiplexer::take(Pending& pending) {
  if (pending.state == Pending::State::sent) {
    auto shadow = std::make_unique<Shadow>();
    shadow->state = Pending::State::sent;
    shadow->replies_left = pending.replies_left;
    sent_.insert(sent_.iterator_to(pending), *shadow.release());
  }
  unlink(pending);
  pending.deadline_hook.unlink();
  return std::unique_ptr<Pending>(&pending);
}

// Its deadline stays as it is.
void Multiplexer::send_again(Pending& pending) {
  unlink(pending);
  pending.replies_left = pending.command.replies;
  pending.first_error.clear();
  unsent_bytes_ += pending.command.bytes.size();
  pending.state = Pending::State::to_resend;
  auto place = to_resend_.end();
  while (place != to_resend_.begin() && std::prev(place)->sequence > pending.sequence) --place;
  to_resend_.insert(place, pending);
}

void Multiplexer::fill_batch(std::string& out, Instant now) {
  while (out.size() < kWriteBatchBytes) {
    PendingList& from = to_resend_.empty() ? unsent_ : to_resend_;
    if (from.empty()) break;
    Pending& pending = from.front();
    unlink(pending);
    append(pending, out, now);
    pending.state = Pending::State::sent;
    sent_.push_back(pending);
  }
}

// A script goes as text the first time on each connection, and as its SHA-1 from then on: Redis cannot have
// forgotten it, and what follows in the same write finds it.
void Multiplexer::append(Pending& pending, std::string& out, Instant now) {
  pending.sent_as = ++last_sent_;
  const Command& command = pending.command;
  if (command.script != nullptr && texts_sent_.try_emplace(command.script, pending.sent_as).second) {
    out += with_script_text(command);
  } else {
    out += command.bytes;
  }
  if (command.drop_on_timeout) {
    // A blocking read has its time from now on.
    pending.deadline_hook.unlink();
    pending.deadline = now + timeout_of(command);
    watch_deadline(pending);
  }
}

void Multiplexer::blame_first() {
  if (!sent_.empty()) sent_.front().command.idempotent = false;
}

std::vector<Completion> Multiplexer::on_lost(const std::string& why, bool is_closed) {
  std::vector<Completion> failed;
  if (!sent_.empty()) ++sent_.front().broke;
  PendingList lost;
  lost.swap(sent_);
  while (!lost.empty()) {
    Pending& pending = lost.front();
    lost.pop_front();
    pending.state = Pending::State::decided;
    if (!is_closed && pending.command.idempotent && pending.broke < kMaxBroke) {
      send_again(pending);
    } else {
      pending.deadline_hook.unlink();
      failed.push_back(
          {std::unique_ptr<Pending>(&pending), make_error<ConnectionError>(Fate::unknown, why), {}});
    }
  }
  return failed;
}

std::vector<Completion> Multiplexer::fail_unsent(const std::string& why) {
  std::vector<Completion> failed;
  while (!unsent_.empty())
    failed.push_back({take(unsent_.front()), make_error<ConnectionError>(Fate::not_executed, why), {}});
  return failed;
}

std::vector<Completion> Multiplexer::close(const std::string& why) {
  std::vector<Completion> failed = on_lost(why, true);
  while (!elsewhere_.empty())
    failed.push_back({take(elsewhere_.front()), make_error<ConnectionError>(Fate::unknown, why), {}});
  for (PendingList* list : {&paused_, &to_resend_, &unsent_}) {
    while (!list->empty())
      failed.push_back({take(list->front()), make_error<ConnectionError>(Fate::not_executed, why), {}});
  }
  return failed;
}

void Multiplexer::watch_deadline(Pending& pending) {
  deadlines_[timeout_of(pending.command)].push_back(pending);
  soonest_new_deadline_ = std::min(soonest_new_deadline_, pending.deadline);
}

Multiplexer::Instant Multiplexer::next_deadline() {
  auto first = Instant::max();
  for (auto entry = deadlines_.begin(); entry != deadlines_.end();) {
    if (entry->second.empty()) {
      entry = deadlines_.erase(entry);
    } else {
      first = std::min(first, entry->second.front().deadline);
      ++entry;
    }
  }
  return first;
}

std::exception_ptr Multiplexer::lateness(const Pending& pending, bool is_up,
                                         const std::string& last_error) const {
  const std::string waited = std::to_string(timeout_of(pending.command).count()) + " ms";
  if (pending.state == Pending::State::sent || pending.state == Pending::State::elsewhere)
    return make_error<CommandTimeoutError>(Fate::unknown, "Redis did not answer within " + waited);
  if (is_up) {
    return make_error<CommandTimeoutError>(
        Fate::not_executed, "the command could not be sent within " + waited + ": Redis takes no more");
  }
  return make_error<CommandTimeoutError>(Fate::not_executed,
                                         "no connection to Redis within " + waited +
                                             (last_error.empty() ? "" : "; the last attempt: " + last_error));
}

// A server from which nothing at all was heard is taken for dead: a new connection may find one that lives (a
// failover, a hung proxy). One that answers others is only slow.
Multiplexer::Late Multiplexer::expire(Instant now, Instant last_heard, bool is_up,
                                      const std::string& last_error) {
  Late late;
  const bool is_silent = now - last_heard >= options_.command_timeout / 2;
  for (auto& [timeout, queue] : deadlines_) {
    while (!queue.empty() && queue.front().deadline <= now) {
      Pending& pending = queue.front();
      const bool tells_of_death = pending.command.drop_on_timeout ||
                                  (is_silent && timeout_of(pending.command) >= options_.command_timeout);
      late.is_dead = late.is_dead || (pending.state == Pending::State::sent && tells_of_death);
      auto failure = lateness(pending, is_up, last_error);
      late.completions.push_back({take(pending), std::move(failure), {}});
    }
  }
  late.is_dead = late.is_dead && is_up;
  return late;
}

}  // namespace bullmq::detail

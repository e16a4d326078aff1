// One timer for all commands: it waits for the deadline of the oldest, so commands that are answered in time
// cost it nothing.
#include <iterator>

#include "bullmq/error.hpp"
#include "redis/connection.hpp"

namespace bullmq::detail {

void Connection::watch_deadline(Pending& pending) {
  auto& queue = deadlines_[timeout_of(pending.command)];
  queue.push_back(pending);
  if (pending.deadline < deadline_armed_) arm_deadlines();
}

void Connection::arm_deadlines() {
  auto first = Instant::max();
  for (auto entry = deadlines_.begin(); entry != deadlines_.end();) {
    if (entry->second.empty()) {
      entry = deadlines_.erase(entry);
    } else {
      first = std::min(first, entry->second.front().deadline);
      ++entry;
    }
  }
  deadline_armed_ = first;
  if (first == Instant::max()) return;
  deadline_timer_.expires_at(first);
  deadline_timer_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
    const auto self = weak.lock();
    if (!cancelled && self && !self->closed_) self->on_deadlines();
  });
}

std::exception_ptr Connection::lateness(const Pending& pending, bool was_sent) const {
  const std::string waited = std::to_string(timeout_of(pending.command).count()) + " ms";
  if (was_sent) {
    return std::make_exception_ptr(
        CommandTimeoutError(Fate::unknown, "Redis did not answer within " + waited));
  }
  if (phase_ == Phase::up) {
    return std::make_exception_ptr(CommandTimeoutError(
        Fate::not_executed, "the command could not be sent within " + waited + ": Redis takes no more"));
  }
  return std::make_exception_ptr(CommandTimeoutError(
      Fate::not_executed, "no connection to Redis within " + waited +
                              (last_error_.empty() ? "" : "; the last attempt: " + last_error_)));
}

void Connection::on_deadlines() {
  const auto self = shared_from_this();
  const auto now = Clock::now();
  // A server from which nothing at all was heard is taken for dead: a new connection may find one that lives
  // (a failover, a hung proxy). One that answers others is only slow.
  const bool silent = now - last_heard_ >= options_.command_timeout / 2;
  bool dead = false;
  for (auto& [timeout, queue] : deadlines_) {
    while (!queue.empty() && queue.front().deadline <= now) {
      Pending& late = queue.front();
      const bool sent = late.at == Pending::Place::sent;
      const bool in_doubt = sent || late.at == Pending::Place::elsewhere;
      dead = dead || (sent && (late.command.drop_on_timeout ||
                               (silent && timeout_of(late.command) >= options_.command_timeout)));
      auto failure = lateness(late, in_doubt);
      fail_later(take(late), std::move(failure));
    }
  }
  arm_deadlines();
  on_progress_.emit([] {});
  if (dead && phase_ == Phase::up) drop("Redis did not answer in time");
}

}  // namespace bullmq::detail

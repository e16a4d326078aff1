#include "shunt/flip/queue_down.hpp"

namespace shunt::flip {

bool counts_as_down(const DownRule& rule, const std::optional<QueueHealth>& health,
                    std::chrono::milliseconds wait_deadline) noexcept {
  if (!health) return false;
  if (rule.without_worker && health->workers == 0) return true;
  return rule.when_late && health->oldest_waiting * 2 > wait_deadline;
}

QueueDownAnswer answer_queue_down(const QueueDownInput& input) noexcept {
  if (input.trouble == Trouble::kUnknown && (input.policy == OnQueueDown::kRefuse || !input.claim_won)) {
    return QueueDownAnswer::kAskAgain;
  }
  if (input.policy == OnQueueDown::kRefuse) return QueueDownAnswer::kRefuse;
  return input.running < input.concurrency ? QueueDownAnswer::kRunSync : QueueDownAnswer::kRefuse;
}

}  // namespace shunt::flip

#include "service/turn_queue.hpp"

#include <utility>

namespace shunt::api {

void TurnQueue::push(std::string caller, std::function<void()> work) {
  const auto of = callers_.try_emplace(std::move(caller)).first;
  of->second.waiting.push_back(std::move(work));
  line_up(of);
}

std::optional<TurnQueue::Piece> TurnQueue::take() {
  if (line_.empty()) return std::nullopt;
  const auto caller = line_.front();
  line_.pop_front();
  Of& of = caller->second;
  of.in_line = false;
  Piece piece{caller->first, std::move(of.waiting.front())};
  of.waiting.pop_front();
  ++of.under_way;
  line_up(caller);
  return piece;
}

void TurnQueue::ended(const std::string& caller) {
  const auto found = callers_.find(caller);
  Of& of = found->second;
  --of.under_way;
  if (of.under_way == 0 && of.waiting.empty()) {
    callers_.erase(found);
  } else {
    line_up(found);
  }
}

void TurnQueue::line_up(Callers::iterator caller) {
  Of& of = caller->second;
  if (of.in_line || of.waiting.empty() || of.under_way >= most_of_one_) return;
  of.in_line = true;
  line_.push_back(caller);
}

}  // namespace shunt::api

#include "core/batch_queue.hpp"

#include <algorithm>
#include <utility>

namespace bullmq::detail {

BatchQueue::Joined BatchQueue::join(Item item) {
  const std::size_t bytes = item->bytes;
  // Without a sum that could overflow.
  if (waiting_.size() >= options_.max_waiting_items ||
      bytes > options_.max_waiting_bytes - std::min(waiting_bytes_, options_.max_waiting_bytes)) {
    item->state_ = BatchItem::State::over;
    return Joined::refused;
  }
  item->state_ = BatchItem::State::waiting;
  item->place_ = ++last_place_;
  const bool alone = item->alone;
  if (item->urgent) ++urgent_;
  waiting_bytes_ += bytes;
  waiting_.push_back({std::move(item), bytes});
  if (in_turn_) return Joined::waits;
  // When calls are as many as may be, the end of one sends it; one that goes alone waits for none of them.
  if (calls_ >= options_.calls_at_once && !alone) return Joined::waits;
  in_turn_ = true;
  return Joined::begins_a_turn;
}

BatchQueue::Cancelled BatchQueue::cancel(BatchItem& item) {
  const auto before = std::exchange(item.state_, BatchItem::State::over);
  if (before == BatchItem::State::sent) return Cancelled::on_its_way;
  if (before != BatchItem::State::waiting) return Cancelled::too_late;
  const auto found = std::lower_bound(
      waiting_.begin(), waiting_.end(), item.place_,
      [](const Waiting& waiting, std::uint64_t place) { return waiting.item->place_ < place; });
  uncount(*found);
  waiting_.erase(found);
  return Cancelled::taken_out;
}

void BatchQueue::uncount(const Waiting& waiting) noexcept {
  waiting_bytes_ -= waiting.bytes;
  if (waiting.item->urgent) --urgent_;
}

bool BatchQueue::may_send(TimePoint now) const noexcept {
  if (waiting_.empty()) return false;
  if (waiting_.front().item->alone) return true;
  if (calls_ >= options_.calls_at_once) return false;
  return !lingers_until_ || urgent_ > 0 || now >= *lingers_until_;
}

std::optional<BatchQueue::TimePoint> BatchQueue::ask_again_at() const noexcept {
  // While calls are as many as may be, the end of one asks.
  if (waiting_.empty() || calls_ >= options_.calls_at_once) return std::nullopt;
  return lingers_until_;
}

void BatchQueue::take_front(Call& call) {
  Waiting& next = waiting_.front();
  uncount(next);
  next.item->state_ = BatchItem::State::sent;
  call.bytes += next.bytes;
  call.items.push_back(std::move(next.item));
  waiting_.pop_front();
}

std::optional<BatchQueue::Call> BatchQueue::next_call(TimePoint now) {
  if (!may_send(now)) return std::nullopt;
  Call call;
  call.alone = waiting_.front().item->alone;
  if (call.alone) {
    take_front(call);
    return call;
  }
  lingers_until_.reset();
  ++calls_;
  call.items.reserve(std::min(waiting_.size(), options_.max_items));
  // However small the bounds are, the first goes out.
  do {
    take_front(call);
  } while (!waiting_.empty() && !waiting_.front().item->alone && call.items.size() < options_.max_items &&
           call.bytes < options_.max_bytes);
  return call;
}

std::vector<BatchQueue::Item> BatchQueue::give_up_behind(End how) {
  return how == End::timed_out ? take_all() : std::vector<Item>();
}

std::vector<BatchQueue::Item> BatchQueue::take_all() {
  std::vector<Item> all;
  all.reserve(waiting_.size());
  for (Waiting& waiting : waiting_) all.push_back(std::move(waiting.item));
  waiting_.clear();
  waiting_bytes_ = 0;
  urgent_ = 0;
  return all;
}

void BatchQueue::call_ended(const Call& call, TimePoint now) noexcept {
  if (call.alone) return;
  --calls_;
  const bool shared_by_many = call.items.size() >= options_.linger_items;
  const bool as_many_wait = waiting_.size() >= options_.linger_items;
  if (options_.linger.count() == 0 || !shared_by_many || as_many_wait || urgent_ > 0) return;
  lingers_until_ = now + options_.linger;
}

bool BatchQueue::decide(BatchItem& item) noexcept {
  return std::exchange(item.state_, BatchItem::State::over) != BatchItem::State::over;
}

}  // namespace bullmq::detail

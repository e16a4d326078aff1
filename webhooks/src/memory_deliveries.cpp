#include "memory_deliveries.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stdexcept>
#include <utility>

namespace shunt::webhooks {

using bullmq::awaitable;
using std::chrono::milliseconds;

awaitable<void> MemoryDeliveries::add(Message message) {
  forget_old_ones();
  if (entries_.contains(message.id)) co_return;
  if (pending_ >= kMostPending) throw std::length_error("too many webhooks wait in this process");
  const std::string id = message.id;
  Entry& entry = entries_[id];
  entry.delivery.message = std::move(message);
  entry.delivery.created_at = clock_.now();
  ++pending_;
  schedule(id, milliseconds(0));
}

void MemoryDeliveries::schedule(const std::string& id, milliseconds pause) {
  if (stopped_) return;
  Entry& entry = entries_.at(id);
  entry.delivery.next_attempt = clock_.now() + pause;
  entry.due = loop_.after(pause, [this, id] { launch_(attempt(id)); });
}

awaitable<void> MemoryDeliveries::attempt(std::string id) {
  Entry& entry = entries_.at(id);  // stays while it waits
  entry.delivery.next_attempt.reset();
  Message message = entry.delivery.message;
  const Courier::Outcome outcome = co_await courier_.deliver(std::move(message), entry.made + 1);
  if (outcome.wait) {
    schedule(id, *outcome.wait);
    co_return;
  }
  if (outcome.attempt) {
    ++entry.made;
    ++entry.delivery.made;
    auto& attempts = entry.delivery.attempts;
    attempts.push_back(*outcome.attempt);
    if (attempts.size() > kKeptAttempts) attempts.erase(attempts.begin());
  }
  if (outcome.verdict.kind == Verdict::Kind::kRetry) {
    schedule(id, outcome.verdict.pause);
  } else {
    const bool delivered = outcome.verdict.kind == Verdict::Kind::kDelivered;
    end(entry, delivered ? DeliveryState::kDelivered : DeliveryState::kFailed, outcome.verdict.reason);
  }
}

void MemoryDeliveries::end(Entry& entry, DeliveryState state, std::string reason) {
  entry.delivery.state = state;
  entry.delivery.reason = std::move(reason);
  --pending_;
  ended_.push_back({entry.delivery.message.id, clock_.steady_now()});
  forget_old_ones();
}

void MemoryDeliveries::forget_old_ones() {
  const SteadyTime oldest = clock_.steady_now() - limits_.age;
  while (!ended_.empty() && (ended_.size() > limits_.history || ended_.front().at < oldest)) {
    const auto found = entries_.find(ended_.front().id);
    if (found != entries_.end() && found->second.delivery.state != DeliveryState::kPending)
      entries_.erase(found);
    ended_.pop_front();
  }
}

awaitable<std::vector<Delivery>> MemoryDeliveries::list(DeliveryQuery query) {
  std::vector<const Delivery*> fitting;
  for (const auto& [id, entry] : entries_) {
    if (!query.state || entry.delivery.state == *query.state) fitting.push_back(&entry.delivery);
  }
  std::ranges::sort(fitting, std::ranges::greater{}, [](const Delivery* each) { return each->created_at; });
  if (fitting.size() > query.limit) fitting.resize(query.limit);
  std::vector<Delivery> deliveries;
  for (const Delivery* const each : fitting) deliveries.push_back(*each);
  co_return deliveries;
}

awaitable<std::optional<Delivery>> MemoryDeliveries::find(std::string id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) co_return std::nullopt;
  co_return found->second.delivery;
}

awaitable<Redelivery> MemoryDeliveries::redeliver(std::string id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) co_return Redelivery::kUnknown;
  Entry& entry = found->second;
  if (entry.delivery.state == DeliveryState::kPending) co_return Redelivery::kStillGoing;
  entry.delivery.state = DeliveryState::kPending;
  entry.delivery.reason.clear();
  entry.made = 0;
  ++pending_;
  schedule(id, milliseconds(0));
  co_return Redelivery::kBegun;
}

awaitable<void> MemoryDeliveries::stop(milliseconds grace) {
  // What is due now may go out; what waits for a later time does not.
  constexpr milliseconds kStep{20};
  const SteadyTime until = clock_.steady_now() + grace;
  const auto under_way = [this] {
    return std::ranges::any_of(entries_, [now = clock_.now()](const auto& each) {
      const Delivery& delivery = each.second.delivery;
      const bool due = !delivery.next_attempt || *delivery.next_attempt <= now;
      return delivery.state == DeliveryState::kPending && due;
    });
  };
  boost::asio::steady_timer timer(loop_.context());
  while (under_way() && clock_.steady_now() < until) {
    timer.expires_after(kStep);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
  stopped_ = true;
  for (auto& [id, entry] : entries_) entry.due.cancel();
}

}  // namespace shunt::webhooks

#include "memory_deliveries.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stdexcept>
#include <utility>

namespace shunt::webhooks {

using bullmq::awaitable;
using std::chrono::milliseconds;

namespace {

std::size_t bytes_of(const Message& message) {
  constexpr std::size_t kEntry = 1024;  // what an entry has beside its texts, with its kept attempts
  return kEntry + message.id.size() + message.type.size() + message.generation.size() +
         message.caller.size() + message.url.size() + message.body.size();
}

}  // namespace

MemoryDeliveries::MemoryDeliveries(EventLoop& loop, const Clock& clock, Deliver deliver, Limits limits,
                                   std::function<void(awaitable<void>)> launch)
    : loop_(loop),
      clock_(clock),
      deliver_(std::move(deliver)),
      limits_(limits),
      launch_(std::move(launch)),
      settled_(loop.context()) {}

awaitable<void> MemoryDeliveries::add(Message message) {
  forget_old_ones();
  if (entries_.contains(message.id)) co_return;
  const std::size_t bytes = bytes_of(message);
  if (pending_bytes_ + bytes > kMostBytes) throw std::length_error("too many webhooks wait in this process");
  const auto of_caller = pending_bytes_of_.find(message.caller);
  if (of_caller != pending_bytes_of_.end() && of_caller->second + bytes > kMostBytesOfACaller)
    throw std::length_error("too many webhooks of one caller wait in this process");
  const std::string id = message.id;
  Entry& entry = entries_[id];
  entry.delivery.message = std::move(message);
  entry.delivery.created_at = clock_.now();
  bytes_ += bytes;
  begin_to_wait(entry);
  while (bytes_ > kMostBytes && !ended_.empty()) forget_oldest();
  schedule(id, milliseconds(0));
}

void MemoryDeliveries::begin_to_wait(Entry& entry) {
  const Message& message = entry.delivery.message;
  ++pending_;
  pending_bytes_ += bytes_of(message);
  pending_bytes_of_[message.caller] += bytes_of(message);
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
  const Courier::Outcome outcome = co_await deliver_(std::move(message), entry.made + 1);
  settled_.cancel();
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
  const Message& message = entry.delivery.message;
  pending_bytes_ -= bytes_of(message);
  const auto of_caller = pending_bytes_of_.find(message.caller);
  of_caller->second -= bytes_of(message);
  if (of_caller->second == 0) pending_bytes_of_.erase(of_caller);
  ended_.push_back({entry.delivery.message.id, clock_.steady_now()});
  forget_old_ones();
}

void MemoryDeliveries::forget_old_ones() {
  const SteadyTime oldest = clock_.steady_now() - limits_.age;
  while (!ended_.empty() && (ended_.size() > limits_.history || ended_.front().at < oldest)) forget_oldest();
}

void MemoryDeliveries::forget_oldest() {
  const auto found = entries_.find(ended_.front().id);
  if (found != entries_.end() && found->second.delivery.state != DeliveryState::kPending) {
    bytes_ -= bytes_of(found->second.delivery.message);
    entries_.erase(found);
  }
  ended_.pop_front();
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
  begin_to_wait(entry);
  schedule(id, milliseconds(0));
  co_return Redelivery::kBegun;
}

bool MemoryDeliveries::is_under_way() const {
  return std::ranges::any_of(entries_, [now = clock_.now()](const auto& each) {
    const Delivery& delivery = each.second.delivery;
    const bool due = !delivery.next_attempt || *delivery.next_attempt <= now;
    return delivery.state == DeliveryState::kPending && due;
  });
}

// What is due now may go out; what waits for a later time does not.
awaitable<void> MemoryDeliveries::stop(milliseconds grace) {
  const SteadyTime until = clock_.steady_now() + grace;
  while (is_under_way() && clock_.steady_now() < until) {
    settled_.expires_at(until);
    boost::system::error_code cut_short;
    co_await settled_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cut_short));
  }
  stopped_ = true;
  for (auto& [id, entry] : entries_) entry.due.cancel();
}

}  // namespace shunt::webhooks

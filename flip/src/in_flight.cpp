#include "shunt/flip/in_flight.hpp"

#include <iterator>

namespace shunt::flip {
namespace {

// Overdue ones are rare: all of them are looked at this often, and only when somebody asks.
constexpr std::chrono::seconds kBetweenLooks{5};

}  // namespace

void InFlight::Submission::accepted(const GenerationId& id, const EventWatch& watch, SteadyTime over) {
  const std::lock_guard lock(counted_.mutex_);
  counted_.open_.emplace(id, over);
  // Whoever ends it after this look waits for the mutex and then finds it.
  if (watch.record_at_end() != nullptr) counted_.open_.erase(id);
  counted_.open_count_ = counted_.open_.size();
}

std::shared_ptr<InFlight::Submission> InFlight::begin(SteadyTime now, std::size_t limit) {
  {
    const std::lock_guard lock(mutex_);
    if (now >= next_look_) forget_overdue(now);
    if (submitting_ + open_.size() >= limit) return nullptr;
    ++submitting_;
  }
  return std::make_shared<Submission>(*this);
}

std::size_t InFlight::count(SteadyTime now) {
  if (open_count_ == 0) return submitting_;
  const std::lock_guard lock(mutex_);
  if (now >= next_look_) forget_overdue(now);
  return submitting_ + open_.size();
}

void InFlight::ended(std::string_view id) {
  if (open_count_ == 0 && submitting_ == 0) return;
  const auto known = GenerationId::parse(id);
  if (!known) return;
  const std::lock_guard lock(mutex_);
  open_.erase(*known);
  open_count_ = open_.size();
}

void InFlight::forget_overdue(SteadyTime now) {
  next_look_ = now + kBetweenLooks;
  std::erase_if(open_, [now](const auto& open) { return open.second <= now; });
  open_count_ = open_.size();
}

}  // namespace shunt::flip

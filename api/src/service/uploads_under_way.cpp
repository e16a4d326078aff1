#include "service/uploads_under_way.hpp"

#include <utility>

namespace shunt::api {

UploadsUnderWay::Share::Share(Share&& other) noexcept
    : all_(std::exchange(other.all_, nullptr)), caller_(std::move(other.caller_)), bytes_(other.bytes_) {}

UploadsUnderWay::Share::~Share() {
  if (all_ != nullptr) all_->end(caller_, bytes_);
}

bool UploadsUnderWay::Share::try_add(std::uint64_t bytes, std::uint64_t most) {
  const std::lock_guard lock(all_->mutex_);
  Of& of = all_->callers_.find(caller_)->second;
  if (of.bytes > most || bytes > most - of.bytes) return false;
  of.bytes += bytes;
  bytes_ += bytes;
  all_->written_.fetch_add(bytes, std::memory_order_relaxed);
  return true;
}

std::optional<UploadsUnderWay::Share> UploadsUnderWay::begin(std::string_view caller) {
  const std::lock_guard lock(mutex_);
  const auto found = callers_.try_emplace(std::string(caller)).first;
  if (found->second.uploads == most_of_caller_) return std::nullopt;
  ++found->second.uploads;
  now_.fetch_add(1, std::memory_order_relaxed);
  return std::optional<Share>(std::in_place, *this, found->first);
}

void UploadsUnderWay::end(const std::string& caller, std::uint64_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = callers_.find(caller);
  now_.fetch_sub(1, std::memory_order_relaxed);
  found->second.bytes -= bytes;
  if (--found->second.uploads == 0) callers_.erase(found);
}

}  // namespace shunt::api

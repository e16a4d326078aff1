#include "claim_table.hpp"

#include <algorithm>
#include <bit>
#include <new>

#include "shunt/base/digest.hpp"
#include "shunt/base/hex.hpp"

namespace shunt::generation {
namespace {

// 32 bits of these last for eight years.
constexpr std::chrono::milliseconds kTick{64};
constexpr std::size_t kGuaranteedPart = 5;  // one in so many

}  // namespace

ClaimTable::ClaimTable(const Limits& limits)
    : limits_{.max_claims = std::clamp<std::size_t>(limits.max_claims, 1, 100'000'000),
              .min_age = std::min(limits.min_age, limits.max_age),
              .max_age = limits.max_age} {
  const std::size_t buckets = std::bit_ceil(limits_.max_claims + limits_.max_claims / 4 + 1);
  mask_ = buckets - 1;
  buckets_.reset(static_cast<std::uint32_t*>(std::calloc(buckets, sizeof(std::uint32_t))));
  if (!buckets_) throw std::bad_alloc();
}

std::uint32_t ClaimTable::add_caller() {
  callers_.emplace_back();
  share_anew();
  return static_cast<std::uint32_t>(callers_.size() - 1);
}

// Nobody to keep a part for while there is one caller.
void ClaimTable::share_anew() {
  guaranteed_ = callers_.size() < 2 ? 0 : limits_.max_claims / kGuaranteedPart / callers_.size();
  shared_used_ = 0;
  for (const Caller& caller : callers_) shared_used_ += caller.used - std::min(caller.used, guaranteed_);
}

ClaimTable::Digest ClaimTable::digest_of(const std::string& text) {
  const std::string hex = sha256_hex(text);
  return {parse_hex(std::string_view(hex).substr(0, 16)).value(),
          parse_hex(std::string_view(hex).substr(16, 16)).value()};
}

// A length before the caller keeps ("a", "bc") and ("ab", "c") apart.
ClaimTable::Digest ClaimTable::digest_of_key(const IdempotencyKey& key) {
  return digest_of(std::to_string(key.caller.size()) + ':' + key.caller + key.key);
}

std::uint32_t ClaimTable::ticks(SteadyTime now) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()) / kTick);
}

std::uint32_t ClaimTable::ticks(std::chrono::milliseconds duration) {
  return static_cast<std::uint32_t>(std::min<std::int64_t>(duration / kTick, 0x7FFFFFFF));
}

bool ClaimTable::is_older(const Slot& slot, std::uint32_t now, std::uint32_t age) {
  return slot.ended_at != kNone && now - slot.ended_at >= age;
}

std::size_t ClaimTable::find_bucket(const Digest& key) {
  std::size_t bucket = bucket_of(key);
  while (buckets_[bucket] != 0 && !(at(buckets_[bucket] - 1).key == key)) bucket = (bucket + 1) & mask_;
  return bucket;
}

ClaimOutcome ClaimTable::claim(std::uint32_t caller, const IdempotencyKey& key,
                               const std::string& fingerprint, const GenerationId& id, SteadyTime time) {
  const Digest digest = digest_of_key(key);
  const std::uint32_t now = ticks(time);
  std::size_t bucket = find_bucket(digest);
  if (buckets_[bucket] != 0) {
    const std::uint32_t index = buckets_[bucket] - 1;
    const Slot& held = at(index);
    if (!is_older(held, now, ticks(limits_.max_age))) {
      if (held.fingerprint == digest_of(fingerprint)) return ClaimHeld{held.id};
      return ClaimConflict{held.id};
    }
    forget(index);
  }
  if (!make_room(caller, now)) return ClaimsFull{limits_.max_claims};
  bucket = find_bucket(digest);  // what made room may have moved others
  const std::uint32_t index = take_slot();
  at(index) = Slot{.key = digest, .fingerprint = digest_of(fingerprint), .id = id, .caller = caller};
  buckets_[bucket] = index + 1;
  ++used_;
  if (callers_[caller].used++ >= guaranteed_) ++shared_used_;
  return ClaimWon{index};
}

bool ClaimTable::has_room(const Caller& caller) const {
  if (used_ >= limits_.max_claims) return false;
  return caller.used < guaranteed_ || shared_used_ + guaranteed_ * callers_.size() < limits_.max_claims;
}

bool ClaimTable::make_room(std::uint32_t caller, std::uint32_t now) {
  const Caller& own = callers_[caller];
  if (has_room(own)) return true;
  forget_expired(now);
  if (has_room(own)) return true;
  if (own.oldest == kNone || !is_older(at(own.oldest), now, ticks(limits_.min_age))) return false;
  forget(own.oldest);
  return true;
}

void ClaimTable::forget_expired(std::uint32_t now) {
  const std::uint32_t max_age = ticks(limits_.max_age);
  for (const Caller& caller : callers_) {
    while (caller.oldest != kNone && is_older(at(caller.oldest), now, max_age)) forget(caller.oldest);
  }
}

std::uint32_t ClaimTable::take_slot() {
  if (free_ != kNone) {
    const std::uint32_t index = free_;
    free_ = at(index).next;
    return index;
  }
  if (next_new_ / kChunk == chunks_.size()) chunks_.push_back(std::make_unique<Slot[]>(kChunk));
  return next_new_++;
}

void ClaimTable::unlink_from_ended(Slot& slot) {
  if (slot.ended_at == kNone) return;
  Caller& caller = callers_[slot.caller];
  (slot.previous == kNone ? caller.oldest : at(slot.previous).next) = slot.next;
  (slot.next == kNone ? caller.newest : at(slot.next).previous) = slot.previous;
}

// Closes the gap in its run of buckets, so that a search needs no marks of what was there.
void ClaimTable::forget(std::uint32_t index) {
  Slot& slot = at(index);
  std::size_t gap = find_bucket(slot.key);
  for (std::size_t next = (gap + 1) & mask_; buckets_[next] != 0; next = (next + 1) & mask_) {
    const std::size_t wanted = bucket_of(at(buckets_[next] - 1).key);
    // Stays when its own bucket lies behind the gap.
    if (((next - wanted) & mask_) < ((next - gap) & mask_)) continue;
    buckets_[gap] = buckets_[next];
    gap = next;
  }
  buckets_[gap] = 0;
  unlink_from_ended(slot);
  Caller& caller = callers_[slot.caller];
  if (--caller.used >= guaranteed_) --shared_used_;
  --used_;
  slot = Slot{.next = free_};
  free_ = index;
}

void ClaimTable::release(const IdempotencyKey& key, const GenerationId& id) {
  const std::size_t bucket = find_bucket(digest_of_key(key));
  if (buckets_[bucket] == 0 || at(buckets_[bucket] - 1).id != id) return;
  forget(buckets_[bucket] - 1);
}

void ClaimTable::ended(SlotIndex index, const GenerationId& id, SteadyTime now) {
  if (index >= next_new_) return;
  Slot& slot = at(index);
  if (slot.caller == kNone || slot.id != id || slot.ended_at != kNone) return;
  Caller& caller = callers_[slot.caller];
  slot.ended_at = std::min(ticks(now), kNone - 1);
  slot.previous = caller.newest;
  slot.next = kNone;
  (caller.newest == kNone ? caller.oldest : at(caller.newest).next) = index;
  caller.newest = index;
}

}  // namespace shunt::generation

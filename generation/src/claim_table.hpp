#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/generation/generation_store.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// Idempotency keys and which generation holds each. 64 bytes a claim and an index of 4 to 8 bytes for each
// that there may be: keys and payloads are kept as 128 bits of their SHA-256.
//
// A claim is live while its generation is open and for `min_age` after its end: it is never forgotten then.
// After that a caller's oldest claims make room for newer ones of the same caller, and at `max_age` they go
// by themselves. A fifth of the table is kept for callers who have few claims, an equal part for each, so
// that nobody's claims keep another from claiming. Not thread-safe.
class ClaimTable {
 public:
  struct Limits {
    std::size_t max_claims = 0;
    std::chrono::milliseconds min_age{0};
    std::chrono::milliseconds max_age{0};
  };
  using SlotIndex = std::uint32_t;

  explicit ClaimTable(const Limits& limits);

  // The number of a new caller, counted from 0.
  std::uint32_t add_caller();

  // `caller` is the number of key.caller.
  [[nodiscard]] ClaimOutcome claim(std::uint32_t caller, const IdempotencyKey& key,
                                   const std::string& fingerprint, const GenerationId& id, SteadyTime now);
  // Both have no effect unless `id` holds it.
  void release(const IdempotencyKey& key, const GenerationId& id);
  void ended(SlotIndex index, const GenerationId& id, SteadyTime now);

  [[nodiscard]] std::size_t size() const noexcept { return used_; }
  static constexpr std::size_t kBytesAClaim = 72;

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  static constexpr std::size_t kChunk = 1024;

  struct Digest {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    [[nodiscard]] bool operator==(const Digest&) const = default;
  };
  struct Slot {
    Digest key{};
    Digest fingerprint{};
    GenerationId id{};
    // Among the caller's ended claims, in the order of their ends; `next` also among the free slots.
    std::uint32_t previous = kNone;
    std::uint32_t next = kNone;
    std::uint32_t ended_at = kNone;  // in ticks; kNone: its generation is open
    std::uint32_t caller = kNone;
  };
  static_assert(sizeof(Slot) == 64);
  struct Caller {
    std::size_t used = 0;
    std::uint32_t oldest = kNone;  // ended claim
    std::uint32_t newest = kNone;
  };

  static Digest digest_of_key(const IdempotencyKey& key);
  static Digest digest_of(const std::string& text);
  [[nodiscard]] static std::uint32_t ticks(SteadyTime now);
  [[nodiscard]] static std::uint32_t ticks(std::chrono::milliseconds duration);
  [[nodiscard]] static bool is_older(const Slot& slot, std::uint32_t now, std::uint32_t age);
  [[nodiscard]] Slot& at(std::uint32_t index) { return chunks_[index / kChunk][index % kChunk]; }
  [[nodiscard]] std::size_t bucket_of(const Digest& key) const { return key.low & mask_; }
  // The bucket that has the key, or the empty one where it belongs.
  [[nodiscard]] std::size_t find_bucket(const Digest& key);
  [[nodiscard]] bool make_room(std::uint32_t caller, std::uint32_t now);
  [[nodiscard]] bool has_room(const Caller& caller) const;
  void forget_expired(std::uint32_t now);
  [[nodiscard]] std::uint32_t take_slot();
  void forget(std::uint32_t index);
  void unlink_from_ended(Slot& slot);
  void share_anew();

  struct Free {
    void operator()(void* memory) const noexcept { std::free(memory); }
  };

  const Limits limits_;
  std::size_t mask_ = 0;
  // From calloc, so that what is never used costs nothing.
  std::unique_ptr<std::uint32_t[], Free> buckets_;  // index + 1; 0: empty
  std::vector<std::unique_ptr<Slot[]>> chunks_;
  std::uint32_t next_new_ = 0;
  std::uint32_t free_ = kNone;
  std::size_t used_ = 0;
  std::vector<Caller> callers_;
  std::size_t guaranteed_ = 0;   // to each caller
  std::size_t shared_used_ = 0;  // beyond that, by all
};

}  // namespace shunt::generation

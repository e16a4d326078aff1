#include "shunt/generation/generation_id.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "shunt/base/hex.hpp"
#include "shunt/base/random.hpp"

namespace shunt::generation {
namespace {

constexpr std::string_view kPrefix = "gen_";

// Ids are hard to guess, so their random bits come from the kernel; fetched for many ids at a time because a
// system call for each would cost more than the rest of the id.
std::uint64_t random_bits() {
  thread_local std::array<std::uint64_t, 32> pool;  // 256 bytes: what getentropy(3) gives in one call
  thread_local std::size_t used = pool.size();
  if (used == pool.size()) {
    fill_random(std::as_writable_bytes(std::span(pool)));
    used = 0;
  }
  return pool[used++];
}

// RFC 9562, figure 11: 48 bits of time, version 7, 12 bits; variant 10, 62 bits.
constexpr std::uint64_t kVersion = 0x7000;
constexpr std::uint64_t kVersionMask = 0xF000;
constexpr std::uint64_t kVariant = 0x8000'0000'0000'0000;
constexpr std::uint64_t kVariantMask = 0xC000'0000'0000'0000;

}  // namespace

std::optional<GenerationId> GenerationId::parse(std::string_view text) noexcept {
  if (text.size() != kTextSize || !text.starts_with(kPrefix)) return std::nullopt;
  const auto high = parse_hex(text.substr(kPrefix.size(), 16));
  const auto low = parse_hex(text.substr(kPrefix.size() + 16));
  if (!high || !low) return std::nullopt;
  GenerationId id;
  id.high_ = *high;
  id.low_ = *low;
  if ((id.high_ & kVersionMask) != kVersion || (id.low_ & kVariantMask) != kVariant) return std::nullopt;
  return id;
}

std::string GenerationId::to_string() const {
  std::string out;
  append_to(out);
  return out;
}

void GenerationId::append_to(std::string& out) const {
  std::array<char, kTextSize> text;
  std::ranges::copy(kPrefix, text.begin());
  const std::span<char> digits = std::span(text).subspan(kPrefix.size());
  put_hex(digits.first(16), high_);
  put_hex(digits.subspan(16), low_);
  out.append(text.data(), text.size());
}

WallTime GenerationId::created_at() const noexcept {
  return WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(high_ >> 16)));
}

GenerationId GenerationIdSource::next() {
  const auto now = static_cast<std::uint64_t>(clock_.now().time_since_epoch().count()) << 12;
  std::uint64_t last = last_.load(std::memory_order_relaxed);
  std::uint64_t mine = 0;
  do {
    mine = std::max(now, last + 1);
  } while (!last_.compare_exchange_weak(last, mine, std::memory_order_relaxed));

  GenerationId id;
  id.high_ = mine >> 12 << 16 | kVersion | (mine & 0xFFF);
  id.low_ = kVariant | (random_bits() & ~kVariantMask);
  return id;
}

}  // namespace shunt::generation

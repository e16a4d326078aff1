#include "shunt/generation/generation_id.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace shunt {
namespace {

constexpr std::string_view kPrefix = "gen_";
constexpr std::string_view kHex = "0123456789abcdef";

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Ids are hard to guess, so their random bits come from the kernel; fetched for many ids at a time because a
// system call for each would cost more than the rest of the id.
std::uint64_t random_bits() {
  thread_local std::array<std::uint64_t, 32> pool;  // 256 bytes: what getentropy(3) gives in one call
  thread_local std::size_t used = pool.size();
  if (used == pool.size()) {
    if (getentropy(pool.data(), sizeof pool) != 0) throw std::runtime_error("getentropy failed");
    used = 0;
  }
  return pool[used++];
}

void put_hex(char* to, std::uint64_t value) noexcept {
  for (int i = 15; i >= 0; --i) {
    to[i] = kHex[value & 15];
    value >>= 4;
  }
}

bool get_hex(const char* from, std::uint64_t& value) noexcept {
  value = 0;
  for (int i = 0; i < 16; ++i) {
    const int digit = hex_value(from[i]);
    if (digit < 0) return false;
    value = value << 4 | static_cast<std::uint64_t>(digit);
  }
  return true;
}

// RFC 9562, figure 11: 48 bits of time, version 7, 12 bits; variant 10, 62 bits.
constexpr std::uint64_t kVersion = 0x7000;
constexpr std::uint64_t kVersionMask = 0xF000;
constexpr std::uint64_t kVariant = 0x8000'0000'0000'0000;
constexpr std::uint64_t kVariantMask = 0xC000'0000'0000'0000;

}  // namespace

std::optional<GenerationId> GenerationId::parse(std::string_view text) noexcept {
  if (text.size() != kTextSize || !text.starts_with(kPrefix)) return std::nullopt;
  GenerationId id;
  const char* const digits = text.data() + kPrefix.size();
  if (!get_hex(digits, id.high_) || !get_hex(digits + 16, id.low_)) return std::nullopt;
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
  put_hex(text.data() + kPrefix.size(), high_);
  put_hex(text.data() + kPrefix.size() + 16, low_);
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

}  // namespace shunt

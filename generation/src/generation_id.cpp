#include "shunt/generation/generation_id.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cstring>
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
void fill_random(std::uint8_t* to, std::size_t count) {
  thread_local std::array<std::uint8_t, 2048> pool;
  thread_local std::size_t used = pool.size();
  if (pool.size() - used < count) {
    // getentropy gives at most 256 bytes a call (getentropy(3)).
    for (std::size_t at = 0; at < pool.size(); at += 256) {
      if (getentropy(pool.data() + at, 256) != 0) throw std::runtime_error("getentropy failed");
    }
    used = 0;
  }
  std::memcpy(to, pool.data() + used, count);
  used += count;
}

}  // namespace

std::optional<GenerationId> GenerationId::parse(std::string_view text) noexcept {
  if (text.size() != kTextSize || !text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  GenerationId id;
  for (std::size_t i = 0; i < id.bytes_.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes_[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  if (id.bytes_[6] >> 4 != 7 || id.bytes_[8] >> 6 != 2) return std::nullopt;
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
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    text[kPrefix.size() + 2 * i] = kHex[bytes_[i] >> 4];
    text[kPrefix.size() + 2 * i + 1] = kHex[bytes_[i] & 15];
  }
  out.append(text.data(), text.size());
}

WallTime GenerationId::created_at() const noexcept {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | bytes_[i];
  return WallTime(std::chrono::milliseconds(ms));
}

GenerationId GenerationIdSource::next() {
  const auto now = static_cast<std::uint64_t>(clock_.now().time_since_epoch().count()) << 12;
  std::uint64_t last = last_.load(std::memory_order_relaxed);
  std::uint64_t mine = 0;
  do {
    mine = std::max(now, last + 1);
  } while (!last_.compare_exchange_weak(last, mine, std::memory_order_relaxed));

  GenerationId id;
  const std::uint64_t ms = mine >> 12;
  for (std::size_t i = 0; i < 6; ++i) id.bytes_[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  id.bytes_[6] = static_cast<std::uint8_t>(0x70 | (mine >> 8 & 0x0F));  // version 7
  id.bytes_[7] = static_cast<std::uint8_t>(mine & 0xFF);
  fill_random(id.bytes_.data() + 8, 8);
  id.bytes_[8] = static_cast<std::uint8_t>(0x80 | (id.bytes_[8] & 0x3F));  // RFC 9562's variant
  return id;
}

}  // namespace shunt

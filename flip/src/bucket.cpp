#include "shunt/flip/bucket.hpp"

#include <bit>

namespace shunt::flip {
namespace {

// Takes its bytes in pieces, so that salt and key need not be joined.
class Murmur3 {
 public:
  explicit Murmur3(std::uint32_t seed) noexcept : hash_(seed) {}

  void add(std::string_view bytes) noexcept {
    length_ += static_cast<std::uint32_t>(bytes.size());
    for (const char byte : bytes) {
      block_ |= std::uint32_t(static_cast<unsigned char>(byte)) << (8 * held_);
      if (++held_ == 4) take_block();
    }
  }

  [[nodiscard]] std::uint32_t finish() noexcept {
    if (held_ > 0) hash_ ^= mixed(block_);
    std::uint32_t hash = hash_ ^ length_;
    hash = (hash ^ hash >> 16U) * 0x85ebca6bU;
    hash = (hash ^ hash >> 13U) * 0xc2b2ae35U;
    return hash ^ hash >> 16U;
  }

 private:
  static std::uint32_t mixed(std::uint32_t block) noexcept {
    return std::rotl(block * 0xcc9e2d51U, 15) * 0x1b873593U;
  }
  void take_block() noexcept {
    hash_ = std::rotl(hash_ ^ mixed(block_), 13) * 5U + 0xe6546b64U;
    block_ = 0;
    held_ = 0;
  }

  std::uint32_t hash_;
  std::uint32_t block_ = 0;
  std::uint32_t held_ = 0;
  std::uint32_t length_ = 0;
};

}  // namespace

std::uint32_t murmur3_x86_32(std::string_view data, std::uint32_t seed) noexcept {
  Murmur3 hash(seed);
  hash.add(data);
  return hash.finish();
}

std::uint32_t bucket_of(std::string_view salt, std::string_view key) noexcept {
  Murmur3 hash(0);
  hash.add(salt);
  hash.add(":");
  hash.add(key);
  return static_cast<std::uint32_t>(std::uint64_t(hash.finish()) * Weight::kWhole >> 32U);
}

Side side_of(std::uint32_t bucket, Weight weight) noexcept {
  if (bucket < weight.hundredths()) return Side::kCanary;
  return bucket >= Weight::kWhole - weight.hundredths() ? Side::kControl : Side::kNone;
}

}  // namespace shunt::flip

#include "json_member_guard.hpp"

#include <stdexcept>

#include "shunt/base/random.hpp"

namespace shunt::base {
namespace {

// boost/json/detail/digest.hpp.
constexpr std::uint64_t kFnvOffset = 0xcbf29ce484222325ULL;
constexpr std::uint64_t kFnvPrime = 0x100000001B3ULL;

std::uint64_t fnv(std::uint64_t hash, std::string_view text) noexcept {
  // Bytes are signed there.
  for (const char c : text)
    hash = (static_cast<std::uint64_t>(static_cast<signed char>(c)) ^ hash) * kFnvPrime;
  return hash;
}

// An address as malloc gives them, which nobody outside knows.
std::uint64_t secret_address() {
  static const std::uint64_t kAddress = random_number() >> 16U & ~std::uint64_t{15};
  return kAddress;
}

}  // namespace

void MemberGuard::open() {
  if (open_ == counts_.size()) throw std::length_error("MemberGuard: nested too deep");
  counts_[open_++] = 0;
}

void MemberGuard::add_part(std::string_view text) noexcept {
  if (counts_[open_ - 1] < kSmallObject) return;
  hash_ = fnv(begun_ ? hash_ : kFnvOffset + secret_address(), text);
  begun_ = true;
}

bool MemberGuard::add(std::string_view text) {
  if (counts_[open_ - 1] >= limit_) return false;
  if (counts_[open_ - 1] >= kSmallObject) {
    add_part(text);
    hashes_.push_back(hash_);
    begun_ = false;
  }
  ++counts_[open_ - 1];
  return true;
}

bool MemberGuard::close() {
  const std::size_t members = counts_[--open_];
  if (members <= kSmallObject) return true;
  const std::size_t first = hashes_.size() - (members - kSmallObject);
  colliding_ = collide(first, members);
  hashes_.resize(first);
  return !colliding_;
}

// Honest names meet half as often as there are members: the number of pairs is spread like a Poisson
// variable, and eight times that and 64 more does not happen by chance.
bool MemberGuard::collide(std::size_t first, std::size_t members) {
  buckets_.assign(members, 0);
  std::uint64_t pairs = 0;
  for (std::size_t i = first; i < hashes_.size(); ++i) pairs += buckets_[hashes_[i] % members]++;
  return pairs > 4 * members + 64;
}

}  // namespace shunt::base

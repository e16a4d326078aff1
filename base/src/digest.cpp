#include "shunt/base/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>

#include "shunt/base/hex.hpp"

namespace shunt::base {

std::string sha256_hex(std::string_view data) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(data.data()), data.size(), digest.data());
  std::string out;
  out.reserve(digest.size() * 2);
  append_hex(out, digest);
  return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace shunt::base

#include "shunt/base/sha256.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <new>
#include <stdexcept>

#include "shunt/base/hex.hpp"

namespace shunt::base {

// EVP's interface, since OpenSSL 3 deprecates the one of SHA256_Update.
struct Sha256::State {
  State() : context(EVP_MD_CTX_new()) {
    if (context == nullptr) throw std::bad_alloc();
    if (EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1) {
      EVP_MD_CTX_free(context);
      throw std::runtime_error("OpenSSL has no SHA-256");
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }

  EVP_MD_CTX* context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) {
  if (EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) != 1) {
    throw std::runtime_error("OpenSSL could not digest");
  }
}

std::string Sha256::finish_hex() {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(state_->context, digest.data(), &size) != 1 || size != digest.size()) {
    throw std::runtime_error("OpenSSL could not digest");
  }
  std::string out;
  out.reserve(digest.size() * 2);
  append_hex(out, digest);
  return out;
}

}  // namespace shunt::base

#include "shunt/webhooks/signing_key.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <memory>
#include <new>
#include <utility>

#include "shunt/base/base64.hpp"

namespace shunt::webhooks {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::string_view kPrivatePrefix = "whsk_";
// Of the standard.
constexpr std::size_t kMinSecretBytes = 24;
constexpr std::size_t kMaxSecretBytes = 64;
constexpr std::size_t kEd25519KeyBytes = 32;
constexpr std::size_t kEd25519SignatureBytes = 64;

struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeDigest {
  void operator()(EVP_MD_CTX* digest) const noexcept { EVP_MD_CTX_free(digest); }
};
using Pair = std::unique_ptr<EVP_PKEY, FreeKey>;

const unsigned char* raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// What OpenSSL can fail at here is memory: sizes are right by then.
Pair pair_of(std::string_view bytes) {
  Pair pair(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(bytes), bytes.size()));
  if (pair == nullptr) throw std::bad_alloc();
  return pair;
}

std::string hmac_sha256(std::string_view key, std::string_view content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), raw(content), content.size(), mac.data(),
           &size) == nullptr) {
    throw std::bad_alloc();
  }
  return {reinterpret_cast<const char*>(mac.data()), size};
}

std::string ed25519(std::string_view key, std::string_view content) {
  const Pair pair = pair_of(key);
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> digest(EVP_MD_CTX_new());
  std::array<unsigned char, kEd25519SignatureBytes> signature{};
  std::size_t size = signature.size();
  const bool made = digest != nullptr &&
                    EVP_DigestSignInit(digest.get(), nullptr, nullptr, nullptr, pair.get()) == 1 &&
                    EVP_DigestSign(digest.get(), signature.data(), &size, raw(content), content.size()) == 1;
  if (!made) throw std::bad_alloc();
  return {reinterpret_cast<const char*>(signature.data()), size};
}

Error bad_key() {
  return {
      "invalid_configuration",
      "a webhook's secret must be whsec_ and the base64 of 24 to 64 bytes, or whsk_ and the base64 of the 32 "
      "bytes of an ed25519 private key"};
}

}  // namespace

Result<SigningKey> SigningKey::parse(std::string_view text) {
  const bool shared = text.starts_with(kSecretPrefix);
  if (!shared && !text.starts_with(kPrivatePrefix)) return bad_key();
  auto bytes = parse_base64(text.substr(shared ? kSecretPrefix.size() : kPrivatePrefix.size()));
  if (!bytes) return bad_key();
  const bool fits = shared ? bytes->size() >= kMinSecretBytes && bytes->size() <= kMaxSecretBytes
                           : bytes->size() == kEd25519KeyBytes;
  if (!fits) return bad_key();
  return SigningKey(shared ? Scheme::kHmacSha256 : Scheme::kEd25519, std::move(*bytes));
}

std::string SigningKey::sign(std::string_view content) const {
  const bool shared = scheme_ == Scheme::kHmacSha256;
  std::string signature = shared ? "v1," : "v1a,";
  append_base64(signature, shared ? hmac_sha256(bytes_, content) : ed25519(bytes_, content));
  return signature;
}

std::string SigningKey::public_key() const {
  if (scheme_ != Scheme::kEd25519) return {};
  const Pair pair = pair_of(bytes_);
  std::array<unsigned char, kEd25519KeyBytes> bytes{};
  std::size_t size = bytes.size();
  if (EVP_PKEY_get_raw_public_key(pair.get(), bytes.data(), &size) != 1) throw std::bad_alloc();
  std::string text = "whpk_";
  append_base64(text, {reinterpret_cast<const char*>(bytes.data()), size});
  return text;
}

bool is_signing_key(std::string_view text) {
  return SigningKey::parse(text).ok();
}

std::vector<SigningKey> keys_of(const std::vector<std::string>& texts) {
  std::vector<SigningKey> keys;
  for (const std::string& text : texts) {
    if (auto key = SigningKey::parse(text); key && keys.size() < kMaxKeys) keys.push_back(std::move(*key));
  }
  return keys;
}

std::string signatures_of(const std::vector<SigningKey>& keys, std::string_view id, std::int64_t timestamp,
                          std::string_view body) {
  std::string content(id);
  content.append(".").append(std::to_string(timestamp)).append(".").append(body);
  std::string signatures;
  for (const SigningKey& key : keys) {
    if (!signatures.empty()) signatures += ' ';
    signatures += key.sign(content);
  }
  return signatures;
}

}  // namespace shunt::webhooks

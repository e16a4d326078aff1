#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/base/result.hpp"
#include "shunt/webhooks/namespace.hpp"

namespace shunt::webhooks {

// A key of the Standard Webhooks scheme (https://www.standardwebhooks.com, version 1.0.0): a secret that both
// sides have ("whsec_" and base64 of 24 to 64 bytes; HMAC-SHA256, "v1"), or the private half of an ed25519
// pair ("whsk_" and base64 of its 32 bytes; "v1a"). Immutable; any thread.
class SigningKey {
 public:
  // Fails with `invalid_configuration`; the message never holds the text.
  [[nodiscard]] static Result<SigningKey> parse(std::string_view text);

  // "v1,BASE64" or "v1a,BASE64" of this content.
  [[nodiscard]] std::string sign(std::string_view content) const;
  // "whpk_BASE64", which receivers verify with; "" for a secret that both sides have.
  [[nodiscard]] std::string public_key() const;

 private:
  enum class Scheme : std::uint8_t { kHmacSha256, kEd25519 };
  SigningKey(Scheme scheme, std::string bytes) : scheme_(scheme), bytes_(std::move(bytes)) {}

  Scheme scheme_;
  std::string bytes_;
};

// As many secrets of one receiver are taken at once: the current one, and those that are rotated out.
inline constexpr std::size_t kMaxKeys = 8;

// Whether the text is a key, for the configuration.
[[nodiscard]] bool is_signing_key(std::string_view text);
// Those of the texts that are keys.
[[nodiscard]] std::vector<SigningKey> keys_of(const std::vector<std::string>& texts);

// The value of webhook-signature: what each key makes of "ID.TIMESTAMP.BODY", with spaces between. `id` has
// no full stop.
[[nodiscard]] std::string signatures_of(const std::vector<SigningKey>& keys, std::string_view id,
                                        std::int64_t timestamp, std::string_view body);

}  // namespace shunt::webhooks

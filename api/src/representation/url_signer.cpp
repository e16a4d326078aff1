#include "representation/url_signer.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <new>
#include <span>
#include <utility>

#include "shunt/base/digest.hpp"
#include "shunt/base/hex.hpp"
#include "shunt/base/random.hpp"

namespace shunt::api {
namespace {

constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kSignatureDigits = 64;
constexpr char kSeparator = '-';

std::uint64_t seconds_of(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  return seconds < 0 ? 0 : static_cast<std::uint64_t>(seconds);
}

std::string hex_text(std::uint64_t number) {
  constexpr std::size_t kDigits = 16;
  const std::string digits = hex_number(number, kDigits);
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string::npos ? "0" : digits.substr(first);
}

}  // namespace

UrlSigner::UrlSigner(std::string secret) : secret_(std::move(secret)) {
  if (secret_.empty()) secret_ = random_name(kRandomBytes);
}

// `of` comes last, as only it may have lines: no two sets of parts are one text.
std::string UrlSigner::signature(std::string_view use, std::string_view of, std::string_view until) const {
  std::string content = "shunt-url-1\n";
  content.append(use).append("\n").append(until).append("\n").append(of);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
           reinterpret_cast<const unsigned char*>(content.data()), content.size(), mac.data(),
           &size) == nullptr) {
    throw std::bad_alloc();
  }
  std::string text;
  append_hex(text, std::span<const std::uint8_t>(mac.data(), size));
  return text;
}

std::string UrlSigner::token(std::string_view use, std::string_view of, WallTime until) const {
  std::string text = hex_text(seconds_of(until));
  std::string signed_text = signature(use, of, text);
  text += kSeparator;
  text += signed_text;
  return text;
}

bool UrlSigner::allows(std::string_view token, std::string_view use, std::string_view of,
                       WallTime now) const {
  const std::size_t separator = token.find(kSeparator);
  if (separator == std::string_view::npos || token.size() != separator + 1 + kSignatureDigits) return false;
  const std::string_view until = token.substr(0, separator);
  const auto seconds = parse_hex(until);
  if (!seconds || !equal_in_constant_time(token.substr(separator + 1), signature(use, of, until)))
    return false;
  return seconds_of(now) <= *seconds;
}

}  // namespace shunt::api

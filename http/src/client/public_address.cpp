#include "client/public_address.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <cstdint>

namespace shunt::http {
namespace {

namespace ip = boost::asio::ip;

struct Range4 {
  std::uint32_t first;
  unsigned bits;
  std::string_view purpose;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24U | b << 16U | c << 8U | d;
}

// https://www.iana.org/assignments/iana-ipv4-special-registry, as of 2025.
constexpr auto kRanges4 = std::to_array<Range4>({
    {v4(0, 0, 0, 0), 8, "this network"},
    {v4(10, 0, 0, 0), 8, "private"},
    {v4(100, 64, 0, 0), 10, "shared by a carrier's customers"},
    {v4(127, 0, 0, 0), 8, "loopback"},
    {v4(168, 63, 129, 16), 32, "a cloud's own"},  // Azure's, for its hosts
    {v4(169, 254, 0, 0), 16, "link-local"},       // most clouds' metadata among it
    {v4(172, 16, 0, 0), 12, "private"},
    {v4(192, 0, 0, 0), 24, "assigned to protocols"},
    {v4(192, 0, 2, 0), 24, "documentation"},
    {v4(192, 31, 196, 0), 24, "assigned to protocols"},
    {v4(192, 52, 193, 0), 24, "assigned to protocols"},
    {v4(192, 88, 99, 0), 24, "assigned to protocols"},
    {v4(192, 168, 0, 0), 16, "private"},
    {v4(192, 175, 48, 0), 24, "assigned to protocols"},
    {v4(198, 18, 0, 0), 15, "benchmarking"},
    {v4(198, 51, 100, 0), 24, "documentation"},
    {v4(203, 0, 113, 0), 24, "documentation"},
    {v4(224, 0, 0, 0), 4, "multicast"},
    {v4(240, 0, 0, 0), 4, "reserved"},
});

struct Range6 {
  std::array<std::uint8_t, 6> first;  // no prefix is longer, but for those of which all bits count
  unsigned bits;
  std::string_view purpose;
};

// https://www.iana.org/assignments/iana-ipv6-special-registry, as of 2025. The first that fits is the one.
constexpr auto kRanges6 = std::to_array<Range6>({
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, "translated IPv4"},
    {{0x00, 0x64, 0xff, 0x9b}, 32, "translated IPv4"},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation"},
    {{0x20, 0x01}, 23, "assigned to protocols"},  // Teredo among it
    {{0x20, 0x02}, 16, "translated IPv4"},        // 6to4
    {{0x3f, 0xff}, 20, "documentation"},
    {{0xfc, 0x00}, 7, "private"},
    {{0xfe, 0x80}, 10, "link-local"},
    {{0xfe, 0xc0}, 10, "private"},  // site-local of old
    {{0xff, 0x00}, 8, "multicast"},
});

bool is_in(const ip::address_v6::bytes_type& bytes, const Range6& range) {
  for (unsigned bit = 0; bit < range.bits; bit += 8) {
    const unsigned left = std::min(8U, range.bits - bit);
    const auto mask = static_cast<std::uint8_t>(0xFFU << (8U - left));
    if ((bytes[bit / 8] & mask) != (range.first[bit / 8] & mask)) return false;
  }
  return true;
}

std::optional<std::string_view> purpose_of(const ip::address_v4& address) {
  const std::uint32_t bits = address.to_uint();
  const auto* const found = std::ranges::find_if(
      kRanges4, [bits](const Range4& range) { return (bits ^ range.first) >> (32U - range.bits) == 0; });
  if (found == kRanges4.end()) return std::nullopt;
  return found->purpose;
}

std::optional<std::string_view> purpose_of(const ip::address_v6& address) {
  if (address.is_loopback()) return "loopback";
  if (address.is_unspecified()) return "this network";
  if (address.is_v4_mapped()) return "translated IPv4";
  const auto bytes = address.to_bytes();
  const auto* const found =
      std::ranges::find_if(kRanges6, [&bytes](const Range6& range) { return is_in(bytes, range); });
  if (found != kRanges6.end()) return found->purpose;
  constexpr std::uint8_t kUnicast = 0x20;  // 2000::/3
  if ((bytes[0] & 0xE0U) != kUnicast) return "reserved";
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> special_purpose_of(const ip::address& address) {
  return address.is_v4() ? purpose_of(address.to_v4()) : purpose_of(address.to_v6());
}

}  // namespace shunt::http

#include "shunt/http/server/client_address.hpp"

#include <algorithm>

#include "shunt/http/ascii.hpp"
#include "shunt/http/server/request.hpp"
#include "shunt/http/web_names.hpp"
#include "text/numeric_address.hpp"

namespace shunt::http {
namespace {

namespace ip = boost::asio::ip;

constexpr unsigned kV6Bits = 128;
constexpr unsigned kMappedBits = 96;  // in front of an IPv4 address
constexpr int kMostHops = 32;

ip::address_v6 as_v6(const ip::address& address) noexcept {
  return address.is_v6() ? address.to_v6() : ip::make_address_v6(ip::v4_mapped, address.to_v4());
}

std::optional<ip::address> address_in(std::string_view text) {
  return text.find('%') == std::string_view::npos ? numeric_address(text) : std::nullopt;
}

// "192.0.2.7", "192.0.2.7:4711", "2001:db8::7", "[2001:db8::7]:4711".
std::optional<ip::address> address_of_node(std::string_view text) {
  text = trim(text);
  if (text.size() > 1 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    return end == std::string_view::npos ? std::nullopt : address_in(text.substr(1, end - 1));
  }
  if (std::ranges::count(text, ':') == 1) text = text.substr(0, text.find(':'));
  return address_in(text);
}

// The value of `for=` in one element of a Forwarded header.
std::string_view for_of(std::string_view element) {
  while (!element.empty()) {
    std::string_view value = trim(take_until(element, ';'));
    const std::string_view name = take_until(value, '=');
    if (equals_ignoring_case(trim(name), "for")) return value;
  }
  return {};
}

// Takes the last element of a list off it.
std::string_view take_last(std::string_view& list) {
  const std::size_t comma = list.rfind(',');
  const std::string_view last = comma == std::string_view::npos ? list : list.substr(comma + 1);
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(0, comma);
  return last;
}

bool is_loopback(const ip::address& address) {
  const ip::address_v6 v6 = as_v6(address);
  return v6.is_loopback() || (v6.is_v4_mapped() && ip::make_address_v4(ip::v4_mapped, v6).is_loopback());
}

bool is_loopback_node(std::string_view node) {
  const auto address = address_of_node(node);
  return address && is_loopback(*address);
}

// Whether a header names nobody but loopback. One that is not there names nobody; one that is empty hides
// somebody.
bool names_loopback_only(const Headers& headers, std::string_view header) {
  if (!headers.has(header)) return true;
  const bool plain = header != "Forwarded";
  const std::string joined = headers.joined(header);
  std::string_view list = joined;
  do {
    const std::string_view element = take_until(list, ',');
    if (!is_loopback_node(plain ? element : for_of(element))) return false;
  } while (!list.empty());
  return true;
}

}  // namespace

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = address_in(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned most = address->is_v4() ? kV6Bits - kMappedBits : kV6Bits;
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    const auto given = parse_unsigned(text.substr(slash + 1));
    if (!given || *given > most) return std::nullopt;
    bits = static_cast<unsigned>(*given);
  }
  return AddressRange(as_v6(*address), address->is_v4() ? bits + kMappedBits : bits);
}

bool AddressRange::contains(const ip::address& address) const noexcept {
  const auto mine = network_.to_bytes();
  const auto other = as_v6(address).to_bytes();
  const std::size_t whole = bits_ / 8;
  if (!std::equal(mine.begin(), mine.begin() + whole, other.begin())) return false;
  const unsigned rest = bits_ % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xFFU << (8 - rest));
  return (mine[whole] & mask) == (other[whole] & mask);
}

TrustedProxies::TrustedProxies(const std::vector<std::string>& ranges) {
  for (const std::string& text : ranges) {
    if (auto range = AddressRange::parse(text)) ranges_.push_back(*range);
  }
}

bool TrustedProxies::contains(const ip::address& address) const noexcept {
  return std::ranges::any_of(ranges_, [&](const AddressRange& range) { return range.contains(address); });
}

ip::address TrustedProxies::client_of(const ip::address& peer, std::string_view x_forwarded_for,
                                      std::string_view forwarded) const {
  const bool plain = !x_forwarded_for.empty();
  std::string_view rest = plain ? x_forwarded_for : forwarded;
  ip::address client = peer;
  for (int hop = 0; hop < kMostHops && !rest.empty() && contains(client); ++hop) {
    const std::string_view element = take_last(rest);
    const auto before = address_of_node(plain ? element : for_of(element));
    // "unknown", a made-up name, or nothing: nobody knows who was there, so the proxy has to stand for it.
    if (!before) break;
    client = *before;
  }
  return client;
}

bool is_from_this_machine(const ip::address& peer, const Headers& headers) {
  return is_loopback(peer) && !headers.has("Via") && names_loopback_only(headers, "X-Forwarded-For") &&
         names_loopback_only(headers, "X-Real-IP") && names_loopback_only(headers, "Forwarded");
}

std::string counted_address(const ip::address& address) {
  const ip::address_v6 v6 = as_v6(address);
  if (v6.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, v6).to_string();
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return ip::address_v6(bytes).to_string() + "/64";
}

bool is_address_range(std::string_view text) {
  return AddressRange::parse(text).has_value();
}

}  // namespace shunt::http

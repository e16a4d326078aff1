#include "shunt/http/address_ranges.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "client/public_address.hpp"
#include "text/numeric_address.hpp"

namespace shunt::http {
namespace {

namespace ip = boost::asio::ip;

std::optional<ip::address> parse_address(const std::string& text) {
  auto address = numeric_address(text);
  if (address && address->is_v6() && address->to_v6().scope_id() != 0) return std::nullopt;
  return address;
}

// "10.1.2.3" is the range that has it alone.
std::string with_prefix(std::string_view text) {
  std::string range(text);
  if (range.find('/') != std::string::npos) return range;
  return range + (range.find(':') == std::string::npos ? "/32" : "/128");
}

template <typename Network>
bool is_canonical(const Network& network) {
  return network.canonical().address() == network.address();
}

bool is_within(const ip::address& address, const std::string& range) {
  boost::system::error_code failure;
  if (address.is_v4()) {
    const auto network = ip::make_network_v4(with_prefix(range), failure);
    return !failure && ip::network_v4(address.to_v4(), network.prefix_length()).canonical() == network;
  }
  const auto network = ip::make_network_v6(with_prefix(range), failure);
  return !failure && ip::network_v6(address.to_v6(), network.prefix_length()).canonical() == network;
}

}  // namespace

bool AddressRanges::is_range(std::string_view text) {
  if (!numeric_address(text.substr(0, text.find('/')))) return false;
  boost::system::error_code failure;
  const auto v4 = ip::make_network_v4(with_prefix(text), failure);
  if (!failure) return is_canonical(v4);
  const auto v6 = ip::make_network_v6(with_prefix(text), failure);
  return !failure && is_canonical(v6);
}

bool AddressRanges::contains(const std::string& address) const {
  const auto parsed = parse_address(address);
  return parsed &&
         std::ranges::any_of(ranges_, [&](const std::string& range) { return is_within(*parsed, range); });
}

bool may_be_reached(const std::string& address, const AddressRanges& listed) {
  const auto parsed = parse_address(address);
  return parsed && (!special_purpose_of(*parsed) || listed.contains(address));
}

}  // namespace shunt::http

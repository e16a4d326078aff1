#include "shunt/http/reachable_addresses.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "client/public_address.hpp"
#include "shunt/http/server/client_address.hpp"

namespace shunt::http {
namespace {

std::vector<AddressRange> ranges_in(const std::vector<std::string>& texts) {
  std::vector<AddressRange> ranges;
  for (const std::string& text : texts) {
    if (const auto range = AddressRange::parse(text)) ranges.push_back(*range);
  }
  return ranges;
}

}  // namespace

ReachableAddresses::ReachableAddresses(const std::vector<std::string>& also)
    : also_(std::make_shared<const std::vector<AddressRange>>(ranges_in(also))) {}

std::optional<std::string_view> ReachableAddresses::refusal_of(std::string_view text) const {
  boost::system::error_code no_address;
  const auto address = boost::asio::ip::make_address(std::string(text), no_address);
  if (no_address) return std::nullopt;
  const auto purpose = special_purpose_of(address);
  const auto listed = [&address](const AddressRange& range) { return range.contains(address); };
  return purpose && std::ranges::none_of(*also_, listed) ? purpose : std::nullopt;
}

}  // namespace shunt::http

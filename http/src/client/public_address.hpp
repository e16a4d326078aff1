#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string_view>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// Why a server that a stranger names must not be spoken to at this address: what the address is for
// ("loopback", "private", "link-local", ...). nullopt: it is a public one. Whoever connects asks about the
// very address that it connects to, not about a name, which may lead elsewhere a moment later. Pure.
//
// IPv4: what IANA's special-purpose registry (RFC 6890) has, multicast and reserved space, and an address
// within public space that answers for a cloud's hosts. IPv6: all but global unicast (2000::/3), and of that
// what the registry has; so addresses that stand for IPv4 ones (mapped, NAT64, 6to4, Teredo) are refused as
// they are, whatever they stand for.
[[nodiscard]] std::optional<std::string_view> special_purpose_of(const boost::asio::ip::address& address);

}  // namespace shunt::http

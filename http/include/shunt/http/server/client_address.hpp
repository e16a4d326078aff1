#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

class Headers;

// "10.0.0.0/8", or one address.
class AddressRange {
 public:
  [[nodiscard]] static std::optional<AddressRange> parse(std::string_view text);
  [[nodiscard]] bool contains(const boost::asio::ip::address& address) const noexcept;

 private:
  AddressRange(boost::asio::ip::address_v6 network, unsigned bits) : network_(network), bits_(bits) {}

  boost::asio::ip::address_v6 network_;  // IPv4 addresses as ::ffff:a.b.c.d
  unsigned bits_;
};

// Proxies whose word about their clients is believed (server.trusted_proxies). Immutable.
class TrustedProxies {
 public:
  explicit TrustedProxies(const std::vector<std::string>& ranges);

  [[nodiscard]] bool contains(const boost::asio::ip::address& address) const noexcept;

  // Who is at the other end of a request that `peer` sent. The headers are read from the right, where the
  // nearest proxy has written, and only as far as every hop is a trusted one: what is left of that the client
  // has made up. X-Forwarded-For is looked at first, Forwarded (RFC 7239) where there is none.
  [[nodiscard]] boost::asio::ip::address client_of(const boost::asio::ip::address& peer,
                                                   std::string_view x_forwarded_for,
                                                   std::string_view forwarded) const;

 private:
  std::vector<AddressRange> ranges_;
};

// What one client can have many addresses of is counted as one: an IPv6 network of 64 bits. An IPv4 address
// is itself, also when it is written as IPv6.
[[nodiscard]] std::string counted_address(const boost::asio::ip::address& address);

// Whether a request that `peer` sent comes from the machine itself, as far as anybody says: over loopback,
// and without a word of a proxy about somebody else. Whoever is named in X-Forwarded-For, Forwarded and
// X-Real-IP has to be loopback too, whichever proxy it was that named them, and Via is a proxy. A proxy on
// this machine that says nothing of its clients cannot be told from them.
[[nodiscard]] bool is_from_this_machine(const boost::asio::ip::address& peer, const Headers& headers);

}  // namespace shunt::http

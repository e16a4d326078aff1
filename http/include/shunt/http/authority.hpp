#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// The host and port that a Host header, an absolute-form target or an origin names, in a form that compares:
// names in lower case without a final dot, addresses as the system writes them.
struct Authority {
  enum class Kind { kName, kAddress };
  Kind kind = Kind::kName;
  std::string host;  // an IPv6 address without its brackets; "" if the text was empty
  std::optional<std::uint16_t> port;

  [[nodiscard]] bool same_host(const Authority& other) const noexcept {
    return kind == other.kind && host == other.host;
  }
};

// RFC 3986, 3.2.2 and 3.2.3: a registered name, an IPv4 address, or an IPv6 address in brackets, with or
// without a port. Only four decimal numbers are an IPv4 address here; what browsers besides take for one
// (0x7f.1, 2130706433) is a name. Nothing: it is malformed (a user, a space, a slash, a zone, a port beyond
// 65535).
[[nodiscard]] std::optional<Authority> parse_authority(std::string_view text);

// A host without a port, an IPv6 address with or without brackets.
[[nodiscard]] std::optional<Authority> parse_host(std::string_view text);

struct Origin {
  std::string scheme;  // lower case
  Authority authority;
  std::uint16_t port = 0;  // the scheme's own where none was given

  [[nodiscard]] bool operator==(const Origin& other) const noexcept {
    return scheme == other.scheme && authority.same_host(other.authority) && port == other.port;
  }
};

// "scheme://host[:port]" and nothing behind it. Nothing: anything else, "null" too.
[[nodiscard]] std::optional<Origin> parse_origin(std::string_view text);

}  // namespace shunt::http

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// An absolute URL taken apart, as far as addresses in a configuration need it.
struct Url {
  std::string scheme;      // lower case
  std::string host;        // an IPv6 address without its brackets
  std::uint16_t port = 0;  // the scheme's own where none was given
  bool has_login = false;  // a user name or a password
  bool has_query = false;
  bool has_fragment = false;
};

// Nothing: it is none, or its scheme is none that libcurl knows.
[[nodiscard]] std::optional<Url> parse_url(const std::string& text);

// What a Location header of a response to `base` leads to; "" where that is none.
[[nodiscard]] std::string resolve_reference(const std::string& base, const std::string& reference);

}  // namespace shunt::http

#include "shunt/http/authority.hpp"

#include <algorithm>
#include <limits>

#include "shunt/http/ascii.hpp"
#include "shunt/http/web_names.hpp"
#include "text/numeric_address.hpp"

namespace shunt::http {
namespace {

// unreserved, pct-encoded and sub-delims of RFC 3986; '_' is unreserved, so that names of containers fit.
bool is_name_character(char c) noexcept {
  constexpr std::string_view kPunctuation = "-._~%!$&'()*+,;=";
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         kPunctuation.find(c) != std::string_view::npos;
}

std::optional<Authority> address_of(std::string_view text) {
  // A zone names an interface of one machine: no business of a URL.
  if (text.find('%') != std::string_view::npos) return std::nullopt;
  const auto address = numeric_address(text);
  if (!address) return std::nullopt;
  return Authority{Authority::Kind::kAddress, address->to_string(), std::nullopt};
}

std::optional<Authority> name_of(std::string_view text) {
  if (!std::ranges::all_of(text, is_name_character)) return std::nullopt;
  Authority made;
  for (const char c : text) made.host += ascii_lower(c);
  // "localhost." is the same name, written so that no search domain is added.
  if (made.host.size() > 1 && made.host.ends_with('.')) made.host.pop_back();
  return made;
}

std::optional<std::uint16_t> port_of(std::string_view digits) {
  const auto port = parse_unsigned(digits);
  if (!port || *port > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

std::optional<Authority> in_brackets(std::string_view text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  const std::string_view inside = text.substr(1, text.size() - 2);
  return inside.find(':') == std::string_view::npos ? std::nullopt : address_of(inside);
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = text.substr(0, colon);
  std::optional<Authority> made = host.starts_with('[') ? in_brackets(host) : address_of(host);
  if (!made && !host.starts_with('[')) made = name_of(host);
  if (!made || colon == std::string_view::npos || colon + 1 == text.size()) return made;
  made->port = port_of(text.substr(colon + 1));
  if (!made->port) return std::nullopt;
  return made;
}

std::optional<Authority> parse_host(std::string_view text) {
  if (text.find(':') != std::string_view::npos && !text.starts_with('[')) return address_of(text);
  auto made = parse_authority(text);
  if (!made || made->port || text.ends_with(':')) return std::nullopt;
  return made;
}

std::optional<Origin> parse_origin(std::string_view text) {
  Origin made;
  for (const auto& [scheme, port] : {std::pair{"http", 80}, std::pair{"https", 443}}) {
    const std::string prefix = std::string(scheme) + "://";
    if (!equals_ignoring_case(text.substr(0, prefix.size()), prefix)) continue;
    made.scheme = scheme;
    made.port = static_cast<std::uint16_t>(port);
    text.remove_prefix(prefix.size());
    break;
  }
  if (made.scheme.empty()) return std::nullopt;
  auto authority = parse_authority(text);
  if (!authority || authority->host.empty() || text.ends_with(':')) return std::nullopt;
  made.authority = std::move(*authority);
  made.port = made.authority.port.value_or(made.port);
  return made;
}

bool is_host(std::string_view text) {
  const auto host = parse_host(text);
  return host && !host->host.empty() && host->host.find_first_of("*%") == std::string::npos;
}

bool is_origin(std::string_view text) {
  const auto origin = parse_origin(text);
  return origin && origin->authority.host.find_first_of("*%") == std::string::npos;
}

}  // namespace shunt::http

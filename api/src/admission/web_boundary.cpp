#include "admission/web_boundary.hpp"

#include <algorithm>

#include "representation/problem.hpp"
#include "shunt/base/display_text.hpp"

namespace shunt::api {
namespace {

constexpr std::uint16_t kHttpPort = 80;

Error malformed_host(std::string_view host) {
  return Error{
      problem_code::kMalformedRequest,
      "the request's host must be a name or an address, with or without a port; got \"" + excerpt(host) + '"'}
      .with("received", excerpt(host));
}

Error misdirected(std::string_view host) {
  return Error{problem_code::kMisdirectedRequest,
               "this server does not answer for the host \"" + excerpt(host) +
                   "\": without API keys it answers for IP addresses, localhost and the names in "
                   "server.allowed_hosts"}
      .with("received", excerpt(host))
      .with("setting", std::string("server.allowed_hosts"));
}

Error foreign(std::string_view header, std::string_view value) {
  return Error{problem_code::kForeignOrigin,
               "a page of another site may not use this server (" + std::string(header) + ": " +
                   excerpt(value) +
                   "): without API keys only its own pages and those of server.cors_origins may"}
      .with("header", std::string(header))
      .with("received", excerpt(value))
      .with("setting", std::string("server.cors_origins"));
}

}  // namespace

WebBoundary::WebBoundary(const std::vector<std::string>& hosts, const std::vector<std::string>& origins,
                         bool keys)
    : keys_(keys) {
  for (const std::string& host : hosts) {
    if (auto made = http::parse_host(host)) hosts_.push_back(std::move(*made));
  }
  for (const std::string& origin : origins) {
    if (auto made = http::parse_origin(origin)) origins_.push_back(std::move(*made));
  }
}

bool WebBoundary::answers_for(const http::Authority& host) const {
  // Nobody can point an address elsewhere. A name below localhost is not taken on trust: not every resolver
  // keeps those on this machine.
  if (host.kind == http::Authority::Kind::kAddress || host.host == "localhost") return true;
  return std::ranges::any_of(hosts_, [&](const http::Authority& known) { return known.same_host(host); });
}

bool WebBoundary::shares_with(std::string_view origin) const {
  if (origins_.empty()) return false;
  const auto asked = http::parse_origin(origin);
  return asked && std::ranges::find(origins_, *asked) != origins_.end();
}

std::optional<Error> WebBoundary::refusal(const WebRequest& request) const {
  std::optional<http::Authority> host;
  if (request.host) {
    host = http::parse_authority(*request.host);
    if (!host) return malformed_host(*request.host);
  }
  if (keys_) return std::nullopt;
  if (host && !answers_for(*host)) return misdirected(*request.host);
  if (request.origin) {
    if (shares_with(*request.origin)) return std::nullopt;
    const auto origin = http::parse_origin(*request.origin);
    // This server speaks plain HTTP; the origin of pages behind a proxy that adds TLS stands in cors_origins.
    const bool own = origin && host && origin->scheme == "http" && origin->authority.same_host(*host) &&
                     origin->port == host->port.value_or(kHttpPort);
    if (!own) return foreign("Origin", *request.origin);
  }
  // "none": typed into the address bar.
  if (request.fetch_site && *request.fetch_site != "same-origin" && *request.fetch_site != "none") {
    return foreign("Sec-Fetch-Site", *request.fetch_site);
  }
  return std::nullopt;
}

}  // namespace shunt::api

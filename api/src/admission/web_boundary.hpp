#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/base/error.hpp"
#include "shunt/http/authority.hpp"

namespace shunt::api {

// What of a request tells whether a web page is behind it.
struct WebRequest {
  // The authority that the request names: of an absolute-form target, else the Host header. Nothing: HTTP/1.0
  // without one, which no browser sends.
  std::optional<std::string_view> host;
  std::optional<std::string_view> origin;      // the Origin header
  std::optional<std::string_view> fetch_site;  // the Sec-Fetch-Site header
};

// Who may speak to the server from a browser. Immutable.
class WebBoundary {
 public:
  // `hosts` and `origins` as is_host and is_origin know them. `keys`: a request needs an API key for
  // everything that tells or does something, and no page has that by itself.
  WebBoundary(const std::vector<std::string>& hosts, const std::vector<std::string>& origins, bool keys);

  // Why the request goes no further: `malformed_request` for a host that is none, and without keys
  // `misdirected_request` for a name that somebody else may have pointed at this server (DNS rebinding) and
  // `foreign_origin` for the page of another site.
  [[nodiscard]] std::optional<Error> refusal(const WebRequest& request) const;

  // Whether pages of this origin may read answers (server.cors_origins).
  [[nodiscard]] bool shares_with(std::string_view origin) const;
  [[nodiscard]] bool shares() const noexcept { return !origins_.empty(); }

 private:
  [[nodiscard]] bool answers_for(const http::Authority& host) const;

  std::vector<http::Authority> hosts_;
  std::vector<http::Origin> origins_;
  bool keys_;
};

}  // namespace shunt::api

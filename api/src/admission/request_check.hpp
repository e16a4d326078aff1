#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "admission/live_settings.hpp"
#include "representation/url_signer.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/http/server/request.hpp"
#include "shunt/http/server/response.hpp"
#include "surface/route_table.hpp"

namespace shunt::api {

// What is decided about a request when its header has arrived and before a byte of its body is read.
struct RequestDecision {
  RouteMatch match;
  std::shared_ptr<const Key> key;
  std::optional<Key::Lease> lease;  // this request counts against the key's limit for as long as it lives
  std::optional<Key::BodyShare> body_share;  // of the memory for requests, while the body is there
  std::size_t max_body_bytes = 0;
  bool is_form = false;   // the body is multipart/form-data, and for that the limit
  bool tells_all = true;  // of /readyz: the caller may read all of it
  bool answered = false;  // the response is complete (a refusal, or OPTIONS): no handler runs
};

// The Host that a connection's last request was let in with. The next one nearly always names the same.
struct LetIn {
  std::string host{};
  const WebBoundary* boundary = nullptr;  // that let it in
};

// Fills `response` when the request goes no further. `target` is parsed here and outlives the decision's
// match.
void check_request(RequestDecision& decision, Surface surface, const LiveSettings& live,
                   const UrlSigner& urls, LetIn& let_in, const http::Request& request,
                   http::RequestTarget& target, http::Response& response, SteadyTime now);

}  // namespace shunt::api

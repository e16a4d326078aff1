#pragma once

#include <cstddef>
#include <optional>

#include "key_ring.hpp"
#include "request.hpp"
#include "response.hpp"
#include "route_table.hpp"
#include "service.hpp"

namespace shunt::api {

// What is decided about a request when its header has arrived and before a byte of its body is read.
struct Gate {
  RouteMatch match;
  Key* key = nullptr;
  std::optional<Key::Lease> lease;  // this request counts against the key's limit for as long as it lives
  std::size_t max_body_bytes = 0;
  bool answered = false;  // the response is complete (a refusal, or OPTIONS): no handler runs
};

// Fills `response` when the request goes no further. `target` is parsed here and outlives the gate's match.
void check_request(Gate& gate, Service& service, const Request& request, RequestTarget& target,
                   Response& response, SteadyTime now);

}  // namespace shunt::api

#pragma once

#include "representation/representation.hpp"
#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"

// What the routes below /admin/flip have in common.
namespace shunt::api {

// Whether there is a flip, and the client takes JSON; if not, the response has been made a problem.
[[nodiscard]] bool begin_flip_exchange(Exchange& exchange);

void answer_flip(Exchange& exchange, const JsonObject& object);

}  // namespace shunt::api

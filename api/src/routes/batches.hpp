#pragma once

#include "dialects/dialect.hpp"
#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/http/server/task.hpp"

namespace shunt::api {

[[nodiscard]] http::Task<void> serve_batches(Exchange& exchange, dialects::endpoint::Batches what);

}  // namespace shunt::api

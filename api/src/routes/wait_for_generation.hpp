#pragma once

#include <chrono>

#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/http/server/task.hpp"

namespace shunt::api {

enum class WaitEnd {
  kEnded,       // the generation has ended, or is not known (any more): a look-up tells
  kOutOfTime,   // it goes on
  kLeaving,     // it goes on, and this server goes
  kClientGone,  // the client has left; nothing can be sent
  kFailed,      // the executor could not tell; the response has been made a problem
};

// Waits for a generation's end, for `limit` at most (max() = as long as it takes; 0 = looks only). Costs no
// thread and no timer, and next to no memory: the connection's buffers are given back. A client that has
// closed its sending side is believed to be there for half_close_grace.
[[nodiscard]] http::Task<WaitEnd> wait_for_generation(Exchange& exchange, GenerationId id,
                                                      std::chrono::milliseconds limit);

}  // namespace shunt::api

#pragma once

#include <chrono>
#include <memory>

#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/generation/event_watch.hpp"
#include "shunt/http/server/task.hpp"

namespace shunt::api {

enum class WaitEnd {
  kEnded,       // the generation has ended; if its watch has no record of it, it has been evicted since
  kOutOfTime,   // it goes on
  kLeaving,     // it goes on, and this server goes
  kClientGone,  // the client has left; nothing can be sent
};

// A watch of a generation that was not submitted by this request. nullptr: there is none to watch, and a
// look-up tells why.
[[nodiscard]] http::Task<Result<std::unique_ptr<EventWatch>>> watch_generation(Exchange& exchange,
                                                                               GenerationId id,
                                                                               WatchOptions options);

// Whether the generation is over, whatever has been read: it has a record, or it was evicted before anybody
// saw its end.
[[nodiscard]] bool is_over(const EventWatch& watch);

// Waits for the end of the watched generation, for `limit` at most (max() = as long as it takes; 0 = looks
// only). Costs no thread and no timer, and next to no memory: the connection's buffers are given back. A
// client that has closed its sending side is believed to be there for half_close_grace.
[[nodiscard]] http::Task<WaitEnd> wait_for_end(Exchange& exchange, EventWatch& watch,
                                               std::chrono::milliseconds limit);

}  // namespace shunt::api

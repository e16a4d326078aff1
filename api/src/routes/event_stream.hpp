#pragma once

#include <cstdint>

#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/http/server/task.hpp"

namespace shunt::api {

enum class WhenClientGoes { kCancel, kContinue };

// Sends a generation's events after `after_sequence` as a text/event-stream, until the terminal one, until
// the client goes, or until the server does (then a comment is the last that comes). The terminal event must
// lie after `after_sequence`. Header lines in exchange.response are sent along.
[[nodiscard]] http::Task<void> send_event_stream(Exchange& exchange, GenerationId id,
                                                 std::uint64_t after_sequence,
                                                 WhenClientGoes when_client_goes);

// Asks the executor to stop a generation whose client has gone; not when it is this server that goes.
[[nodiscard]] http::Task<void> cancel_abandoned(Exchange& exchange, GenerationId id);

}  // namespace shunt::api

#pragma once

#include <cstdint>
#include <memory>

#include "dialects/dialect.hpp"
#include "routes/exchange.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/generation/event_watch.hpp"
#include "shunt/http/server/task.hpp"

namespace shunt::api {

enum class WhenClientGoes { kCancel, kContinue };

// Sends what `watch` reads of the generation as a text/event-stream, or as `rendering` makes it, until the
// terminal event, until the client goes, or until the server does (then a comment is the last that comes).
// The terminal event must not have been read. Without a watch, asks the executor for one that begins after
// `after_sequence`. Header lines in exchange.response are sent along.
[[nodiscard]] http::Task<void> send_event_stream(Exchange& exchange, GenerationId id,
                                                 std::unique_ptr<EventWatch> watch,
                                                 std::uint64_t after_sequence,
                                                 WhenClientGoes when_client_goes,
                                                 dialects::Rendering* rendering = nullptr);

// Asks the executor to stop a generation whose client has gone; not when it is this server that goes.
[[nodiscard]] http::Task<void> cancel_abandoned(Exchange& exchange, GenerationId id);

}  // namespace shunt::api

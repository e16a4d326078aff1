#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/generation_event.hpp"

namespace shunt::api {

// Appends one event of a text/event-stream: id, event, data and the empty line.
void append_sse_event(std::string& out, const GenerationEvent& event);

// Last-Event-ID: the sequence number after which to resume; 0 if the header is absent ("").
[[nodiscard]] Result<std::uint64_t> parse_last_event_id(std::string_view header);

}  // namespace shunt::api

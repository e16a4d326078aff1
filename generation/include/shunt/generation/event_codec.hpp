#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/result.hpp"
#include "shunt/generation/generation_event.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// Events on their way between processes (docs/contract/event-log.md): a JSON array of what append_event_json
// writes, where an artifact also has the `sha256` that it is stored under.
[[nodiscard]] std::string encode_events(std::span<const GenerationEvent> events);

// Strict about what it knows and silent about members that it does not know. The error names the event and
// the member. An event of an unknown type is an error: a stream with a hole would be a wrong one.
[[nodiscard]] Result<std::vector<GenerationEvent>> decode_events(std::string_view text);

// What a program or another foreign generator says in one delta: {"text"?, "reasoning"?, "tool_calls"?, ...},
// with the members that a delta event has (docs/deltas.md). Strict: also a member that is not known is
// refused, since it would be lost. Errors have `invalid_output`.
[[nodiscard]] Result<event::Delta> decode_delta(const Json& value);

// An error as append_error_json writes it; nothing when it has no code or no message.
[[nodiscard]] std::optional<Error> decode_error(const Json& value);

}  // namespace shunt::generation

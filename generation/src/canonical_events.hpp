#pragma once

#include <string_view>
#include <vector>

#include "shunt/generation/generation_event.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// Most events of a log are deltas, and nearly all logs are written by encode_events(): what such text holds
// of queued, started and delta events is read here without a tree of JSON, which would cost ten times as
// much.

// Appends the events that `elements`, the inside of a JSON array, begins with, and takes them and the comma
// behind each out of it. Stops at the first that is written in any other way; it is for the general reader,
// which also finds what is wrong with it.
void take_canonical_events(std::string_view& elements, std::vector<GenerationEvent>& events);

}  // namespace shunt::generation

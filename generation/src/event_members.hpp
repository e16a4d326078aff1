#pragma once

#include <string>

#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/generation_event.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// Begins an event's JSON object and writes every member that a client sees. The caller adds what it has to
// add and closes the object.
[[nodiscard]] JsonObjectWriter begin_event_json(std::string& out, const GenerationEvent& event);

}  // namespace shunt::generation

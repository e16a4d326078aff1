#pragma once

#include "shunt/base/json.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/verdict.hpp"

namespace shunt::flip {

// What verdict_object() (flip_control.hpp) has written, read back; anybody may have written it.
[[nodiscard]] Verdict verdict_in(const JsonObject& object);

}  // namespace shunt::flip

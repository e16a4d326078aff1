#pragma once

#include "namespace.hpp"

namespace shunt::app {

// Keeps every other process of this user, its own programs included, from reading this one's memory,
// environment and descriptors, and the system from writing its memory into a core file. Not in builds with
// sanitizers, whose leak check looks into its own process.
void forbid_inspection() noexcept;

// For debug.dumpable.
void allow_inspection() noexcept;

}  // namespace shunt::app

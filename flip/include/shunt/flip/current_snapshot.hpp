#pragma once

#include "shunt/base/current.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/snapshot.hpp"

namespace shunt::flip {

// The snapshot that a process decides by at this moment.
using CurrentSnapshot = Current<Snapshot>;

}  // namespace shunt::flip

#pragma once

// The part speaks of what is in these as if it were its own.
namespace shunt::base {}

namespace shunt::generation {
using namespace base;
}  // namespace shunt::generation

#pragma once

// The part speaks of what is in these as if it were its own.
namespace shunt::base {}
namespace shunt::generation {}

namespace shunt::site {
using namespace base;
using namespace generation;
}  // namespace shunt::site

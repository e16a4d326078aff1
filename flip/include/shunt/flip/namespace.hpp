#pragma once

// The part speaks of what is in these as if it were its own.
namespace shunt::base {}
namespace shunt::generation {}

namespace shunt::flip {
using namespace base;        // NOLINT(google-build-using-namespace)
using namespace generation;  // NOLINT(google-build-using-namespace)
}  // namespace shunt::flip

#pragma once

#include "support/namespace.hpp"

namespace shunt::testing {

// Whether `what` throws an `Exception`. Any other exception passes through.
template <typename Exception, typename What>
bool throws(What what) {
  try {
    what();
    return false;
  } catch (const Exception&) {
    return true;
  }
}

}  // namespace shunt::testing

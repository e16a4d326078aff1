#pragma once

#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects {

// What a client's API lets us take for a POST that was sent before.
enum class RepeatRule {
  kBroken,  // joins one whose connections have all broken before an answer was written to them
  kRetry,   // the client says that it sends it again: joins any that is there, a broken one before others
  kFirst,   // the client says that it has not been sent before: joins none, and may be joined
};

}  // namespace shunt::api::dialects

#pragma once

#include <string>
#include <vector>

#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// Where the flip lies in Redis (docs/contract/ends.md). All keys of a prefix are in one slot of a cluster
// when the prefix has a hash tag, as the default has.
struct FlipKeys {
  // Two colons: no queue has an empty name, so these keys never meet a queue's.
  explicit FlipKeys(const std::string& prefix) : base(prefix + "::flip:") {}

  [[nodiscard]] std::string log() const { return base + "log"; }
  // What scripts are called with: see executor's GenerationKeys::of_scripts.
  [[nodiscard]] std::vector<std::string> of_scripts() const { return {base, base + '-'}; }

  std::string base;
};

}  // namespace shunt::flip

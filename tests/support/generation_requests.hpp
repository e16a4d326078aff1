#pragma once

#include <string>
#include <utility>
#include <vector>

#include "shunt/generation/envelope.hpp"
#include "shunt/generation/generation_event.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {

inline GenerationRequest request(std::string model, JsonObject input = {}) {
  GenerationRequest made;
  made.model = std::move(model);
  made.input = std::move(input);
  return made;
}

// What came, in order: "queued", "started", ...
inline std::vector<std::string> types(const std::vector<GenerationEvent>& events) {
  std::vector<std::string> names;
  for (const GenerationEvent& event : events) names.emplace_back(event.type());
  return names;
}

}  // namespace shunt::testing

#pragma once

#include <chrono>
#include <string>

#include "routes/prefer_header.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api {

// How long a request waits for its generation, and what it gets when that was not long enough.
struct WaitPlan {
  std::chrono::milliseconds limit = std::chrono::milliseconds::max();  // max() = until the generation's end
  enum class Late { kProblem, kAccepted };  // 504, or 202 for a client that said it can come back
  Late late = Late::kProblem;
  bool at_once = false;  // 202 without a look at how far the generation is
  // Preference-Applied of an answer with the result, and of one without; "" = none.
  std::string applied;
  std::string applied_late;
};

// `deadline`: the longest that this server lets anybody wait, 0 = no limit.
[[nodiscard]] WaitPlan plan_wait(const Preferences& preferences, std::chrono::milliseconds deadline);

}  // namespace shunt::api

#pragma once

#include <string>

#include "namespace.hpp"
#include "shunt/http/blocking_client.hpp"

namespace shunt::app {

// What a probe has found.
struct HealthVerdict {
  bool healthy = false;
  std::string words;  // one line for people, about the URL that was asked
};

// Healthy is 200 alone. What the answer says beside it comes from whoever listens there: of it only a
// problem's `reason` is repeated, and short.
[[nodiscard]] HealthVerdict judge_health(const std::string& url, const http::ClientResponse& response);

}  // namespace shunt::app

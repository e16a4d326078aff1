#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "shunt/http/namespace.hpp"
#include "shunt/http/problem_code.hpp"

namespace shunt::http {

inline constexpr std::chrono::seconds kComeAgainAfter{1};

[[nodiscard]] inline Error too_many_connections(std::size_t limit) {
  return Error{problem_code::kTooManyConnections,
               "the server has its limit of " + std::to_string(limit) +
                   " connections (server.max_connections), and each has a request under way",
               Retryable::kYes}
      .with("limit", limit);
}

[[nodiscard]] inline Error too_many_of_address(std::size_t limit) {
  return Error{problem_code::kTooManyConnections,
               "your address has its limit of " + std::to_string(limit) +
                   " connections without a valid API key (server.max_connections_per_address)",
               Retryable::kYes}
      .with("limit", limit);
}

}  // namespace shunt::http

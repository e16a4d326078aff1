#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "shunt/base/error.hpp"
#include "shunt/http/namespace.hpp"
#include "shunt/http/problem_code.hpp"

// What may be wrong with how a request comes, whoever reads it.
namespace shunt::http {

[[nodiscard]] inline Error too_slow(std::string_view what, std::chrono::milliseconds limit) {
  return Error{problem_code::kRequestTimeout, "the request's " + std::string(what) +
                                                  " did not arrive within " + std::to_string(limit.count()) +
                                                  " ms"}
      .with("limit_ms", static_cast<std::int64_t>(limit.count()));
}

[[nodiscard]] inline Error body_too_slow(std::chrono::milliseconds limit) {
  return too_slow("body", limit);
}

[[nodiscard]] inline Error too_long(ErrorCode code, std::string_view what, std::size_t limit) {
  return Error{code, "the " + std::string(what) + " may have at most " + std::to_string(limit) + " bytes"}
      .with("limit", static_cast<std::uint64_t>(limit));
}

[[nodiscard]] inline Error trailer_too_long(std::size_t limit) {
  return too_long(problem_code::kHeadersTooLarge, "trailer", limit);
}

}  // namespace shunt::http

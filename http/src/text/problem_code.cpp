#include "shunt/http/problem_code.hpp"

#include <cstdint>
#include <string>

namespace shunt::http {

Error body_too_large(std::size_t limit) {
  return Error{problem_code::kBodyTooLarge, "the body may have at most " + std::to_string(limit) + " bytes"}
      .with("limit", static_cast<std::int64_t>(limit));
}

}  // namespace shunt::http

#include "shunt/base/json_number.hpp"

#include <charconv>
#include <memory>
#include <system_error>

namespace shunt::base {

double exact_number(std::string_view token, double computed) noexcept {
  double exact = 0;
  const char* const last = std::to_address(token.end());
  const auto [end, failure] = std::from_chars(std::to_address(token.begin()), last, exact);
  return failure == std::errc() && end == last ? exact : computed;
}

}  // namespace shunt::base

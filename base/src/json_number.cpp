#include "shunt/base/json_number.hpp"

#include <charconv>
#include <system_error>

namespace shunt::base {

double exact_number(std::string_view token, double computed) noexcept {
  double exact = 0;
  const char* const last = token.data() + token.size();
  const auto [end, failure] = std::from_chars(token.data(), last, exact);
  return failure == std::errc() && end == last ? exact : computed;
}

}  // namespace shunt::base

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shunt/flip/preflight.hpp"

namespace shunt::flip {

[[nodiscard]] inline Check pass(std::string_view name, std::string found) {
  return {std::string(name), CheckOutcome::kPass, std::move(found), {}};
}
[[nodiscard]] inline Check warn(std::string_view name, std::string found, std::string advice) {
  return {std::string(name), CheckOutcome::kWarn, std::move(found), std::move(advice)};
}
[[nodiscard]] inline Check fail(std::string_view name, std::string found, std::string advice) {
  return {std::string(name), CheckOutcome::kFail, std::move(found), std::move(advice)};
}

// "17%", "3.4", "250".
[[nodiscard]] std::string whole_percent(double share);
[[nodiscard]] std::string short_number(double number);

}  // namespace shunt::flip

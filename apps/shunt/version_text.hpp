#pragma once

#include <string_view>

namespace shunt::app {

inline constexpr std::string_view kVersion = SHUNT_VERSION;

}  // namespace shunt::app

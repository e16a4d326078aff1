#pragma once

#include <string_view>

#include "namespace.hpp"

namespace shunt::app {

inline constexpr std::string_view kVersion = SHUNT_VERSION;

}  // namespace shunt::app

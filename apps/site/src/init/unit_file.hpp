#pragma once

#include <string_view>

#include "shunt/site/namespace.hpp"

namespace shunt::site {

// deploy/systemd/shunt.service at the time of the build.
[[nodiscard]] std::string_view unit_file() noexcept;

}  // namespace shunt::site

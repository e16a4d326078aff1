#pragma once

#include <string>
#include <string_view>

#include "node.hpp"
#include "shunt/base/result.hpp"
#include "shunt/config/namespace.hpp"

namespace shunt::config {

// Parses a TOML document. `file` is what sources and errors call it. Fails with `invalid_configuration`.
[[nodiscard]] Result<Table> read_toml(std::string_view text, const std::string& file);

}  // namespace shunt::config

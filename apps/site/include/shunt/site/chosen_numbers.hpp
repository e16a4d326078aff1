#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "shunt/site/namespace.hpp"

namespace shunt::site {

// "1,3", "2 1", "all", "": numbers from 1 to `count`, each once, in the order of the list. Nothing: something
// else stands there. Pure.
[[nodiscard]] std::optional<std::vector<std::size_t>> chosen_numbers(std::string_view text,
                                                                     std::size_t count);

}  // namespace shunt::site

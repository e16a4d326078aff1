#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shunt/site/configuration_text.hpp"
#include "shunt/site/namespace.hpp"

namespace shunt::site {

// The three commands that come after `shunt init` has written `configuration`. Pure.
[[nodiscard]] std::vector<std::string> next_commands(const ConfigurationPlan& plan,
                                                     std::string_view configuration);

// As a word of a shell's command.
[[nodiscard]] std::string shell_word(std::string_view text);

// Whether only this machine can reach what listens there: "127.0.0.1:8080", "[::1]:8080", "localhost:8080".
[[nodiscard]] bool is_loopback(std::string_view listen);

}  // namespace shunt::site

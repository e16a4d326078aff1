#pragma once

#include <string>
#include <string_view>

#include "namespace.hpp"
#include "shunt/base/error.hpp"
#include "shunt/config/configuration.hpp"

namespace shunt::app {

// Where the setting stands whose name, behind `table`, `message` begins with: "shunt.toml:12", "environment
// SHUNT_WEBHOOKS_URL". "" where it begins with none, or with one that has its default.
[[nodiscard]] std::string place_named_by(std::string_view message, const config::Loaded& loaded,
                                         const std::string& table = "");

// The error of something that could not be made of the configuration, with the place of the setting that it
// begins with before it, as the mistakes that are found by reading have.
[[nodiscard]] Error placed(Error error, const config::Loaded& loaded);

}  // namespace shunt::app

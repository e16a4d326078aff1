#pragma once

#include <memory>
#include <vector>

#include "namespace.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/site/doctor_facts.hpp"
#include "shunt/site/side_by_side.hpp"

namespace shunt::app {

// What a configuration says of itself.
[[nodiscard]] site::ConfigurationFacts configuration_facts(const config::Loaded& loaded);

// All that a service with this configuration needs, to be looked at side by side. Where `loaded` is none only
// the machine is looked at.
[[nodiscard]] std::vector<site::NamedLook> doctor_looks(const std::shared_ptr<const config::Loaded>& loaded);

}  // namespace shunt::app

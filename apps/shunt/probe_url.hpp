#pragma once

#include <string>

#include "namespace.hpp"
#include "shunt/base/result.hpp"
#include "shunt/config/configuration.hpp"

namespace shunt::app {

// What --url was given, as requests need it: "10.0.0.7:8080/" is http://10.0.0.7:8080.
[[nodiscard]] std::string named_url(std::string given);

// Whom a probe means: the process that serves the API, or the one that only runs generations from the queue.
enum class Probed { kApi, kWorker };

// Where the configuration says that it answers probes. Fails if that is nowhere, or on any free port.
[[nodiscard]] Result<std::string> probe_url(const config::Configuration& configuration, Probed probed);

}  // namespace shunt::app

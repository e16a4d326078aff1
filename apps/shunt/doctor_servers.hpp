#pragma once

#include <memory>
#include <vector>

#include "namespace.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/site/side_by_side.hpp"

namespace shunt::app {

// Looks at the servers that a service needs beside Redis and those of its models, where the configuration
// names them: the bucket of artifacts, the collector of traces, the endpoints of webhooks.
void add_other_servers(std::vector<site::NamedLook>& looks,
                       const std::shared_ptr<const config::Loaded>& loaded);

}  // namespace shunt::app

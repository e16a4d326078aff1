#pragma once

#include <string>

#include "shunt/http/client.hpp"
#include "shunt/site/finding.hpp"
#include "shunt/site/namespace.hpp"

namespace shunt::site {

// A server of which no whole answer came: what was in the way, and what to do about it. `setting` is where
// its address stands. Pure.
[[nodiscard]] Finding unanswered(std::string name, const std::string& server, const http::TransferEnd& end,
                                 const std::string& setting);

}  // namespace shunt::site

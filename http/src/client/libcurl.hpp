#pragma once

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// Once for the process; any thread. Throws std::runtime_error if it cannot be. There is no cleanup: other
// code may use libcurl at exit.
void init_libcurl();

}  // namespace shunt::http

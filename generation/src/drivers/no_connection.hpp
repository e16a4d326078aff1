#pragma once

#include <string>
#include <string_view>

#include "shunt/base/error.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/http/client.hpp"

namespace shunt::generation {

// Why a driver's server ("the upstream", "the container") gave no answer. Callers hear of what kind the
// obstacle is; the server's address and the transport's own words, which may have it too, are internal.

// No connection was made.
[[nodiscard]] Error not_connected(std::string_view server, std::string_view address,
                                  const http::TransferEnd& end);
// It was made, and ended before a byte came.
[[nodiscard]] Error left_unanswered(std::string_view server, std::string_view address,
                                    const http::TransferEnd& end);

}  // namespace shunt::generation
